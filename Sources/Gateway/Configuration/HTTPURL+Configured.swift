package import FreshetHTTPWire

extension HTTPURL {
    /// Where `kind: openai` goes when no `base_url` is given.
    package static let openAI = literal("https://api.openai.com/v1")
    /// Where `kind: anthropic` goes when no `base_url` is given.
    package static let anthropic = literal("https://api.anthropic.com/v1")
    /// Where `kind: gemini` goes when no `base_url` is given.
    package static let gemini = literal("https://generativelanguage.googleapis.com/v1beta")

    /// A URL of this program's own.
    static func literal(_ text: String) -> HTTPURL {
        do {
            return try HTTPURL(parsing: text)
        } catch {
            preconditionFailure("\(text): \(error.reason)")
        }
    }

    /// A provider's base URL, of a file or the command line.
    ///
    /// - Parameter text: `http://` or `https://`, a host, perhaps a port and a path; nothing else.
    /// - Returns: The URL, or what is wrong as an instruction, which never repeats the text: it might hold a password.
    package static func baseURL(_ text: String) -> Result<HTTPURL, BaseURLProblem> {
        do {
            let url = try HTTPURL(parsing: text)
            // A query may carry a key, and the URL is shown.
            if url.query != nil { return .failure(BaseURLProblem("must end with its path: no `?`")) }
            for appended in ["/chat/completions", "/messages"] where url.path.hasSuffix(appended) {
                return .failure(BaseURLProblem("must end before \(appended), which is appended"))
            }
            // Only of the vendors' own servers is it known what must stand there.
            for vendor in [openAI, anthropic, gemini]
            where url.host == vendor.host && (url.path.isEmpty || url.path.hasSuffix("/models")) {
                return .failure(BaseURLProblem("must have the vendor's path: \(vendor.text)"))
            }
            return .success(url)
        } catch {
            return .failure(BaseURLProblem("is not valid: " + error.reason))
        }
    }

    /// The URL as text.
    package var text: String { "\(scheme.rawValue)://\(hostField)\(path)" }
}

extension Configuration {
    /// What serves in front of one server, for `--upstream`.
    ///
    /// - Parameter text: As it stands on the command line.
    /// - Returns: The configuration, or what is wrong as an instruction.
    package static func upstream(_ text: String) -> Result<Configuration, BaseURLProblem> {
        HTTPURL.baseURL(text).map { upstream($0) }
    }
}

/// Why a text is no base URL.
package struct BaseURLProblem: Error, Equatable, CustomStringConvertible {
    /// Completes "the base URL …".
    package let description: String

    init(_ description: String) { self.description = description }
}
