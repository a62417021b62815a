/// Why a text is no URL that can be asked.
public enum HTTPURLError: Error, Equatable, Sendable {
    /// Neither `http://` nor `https://` stands in front.
    case unsupportedScheme
    /// A user or password; credentials have their own place.
    case userInfo
    case fragment
    case badHost
    /// A byte that a path or query may not have; spaces, controls, backslashes and non-ASCII are to be encoded.
    case badPath

    /// One clause for a message.
    public var reason: String {
        switch self {
        case .unsupportedScheme: "it must begin with http:// or https://"
        case .userInfo: "it must not hold a user name or password"
        case .fragment: "it must not hold a fragment (#)"
        case .badHost: "its host or port is not valid"
        case .badPath: "its path or query holds a byte that must be percent-encoded"
        }
    }
}

/// An absolute `http` or `https` URL: where a provider is and what its targets begin with.
public struct HTTPURL: Hashable, Sendable {
    /// The schemes there are.
    public enum Scheme: String, Hashable, Sendable {
        case http
        case https

        /// The port where a URL has none.
        public var defaultPort: UInt16 { self == .https ? 443 : 80 }

        /// Takes the scheme and `://` off the front of a URL; nil when it begins with neither.
        static func leading(_ text: String) -> (scheme: Scheme, rest: Substring)? {
            for scheme in [Scheme.http, .https] {
                let prefix = (scheme.rawValue + "://").utf8
                guard text.utf8.count >= prefix.count, zip(text.utf8, prefix).allSatisfy({ $0.lowercased == $1 })
                else { continue }
                return (scheme, text[text.utf8.index(text.startIndex, offsetBy: prefix.count)...])
            }
            return nil
        }
    }

    /// Whether the connection is encrypted.
    public let scheme: Scheme
    /// With its port only where the text had one.
    public let host: HTTPHost
    /// Without the slashes at its end: empty or `/v1`.
    public let path: String
    /// What stands behind the first `?`; nil without one.
    public let query: String?

    /// Reads a URL without repairing anything.
    ///
    /// - Throws: `HTTPURLError` naming the first fault.
    public init(parsing text: String) throws(HTTPURLError) {
        guard let (scheme, rest) = Scheme.leading(text) else { throw .unsupportedScheme }
        guard !rest.utf8.contains(.hash) else { throw .fragment }
        let end = rest.utf8.firstIndex { $0 == .slash || $0 == .question } ?? rest.endIndex
        guard !rest[..<end].utf8.contains(.at) else { throw .userInfo }
        guard let host = HTTPHost(parsing: String(rest[..<end])) else { throw .badHost }
        guard rest[end...].utf8.allSatisfy({ $0.isVisible && $0 != UInt8(ascii: "\\") }) else { throw .badPath }
        let mark = rest.utf8.firstIndex(of: .question)
        var path = rest[end..<(mark ?? rest.endIndex)].utf8
        while path.last == .slash { path.removeLast() }
        (self.scheme, self.host, self.path) = (scheme, host, String(Substring(path)))
        query = mark.map { String(rest[rest.utf8.index(after: $0)...]) }
    }

    /// The port to connect to: the one given, else the scheme's.
    public var port: UInt16 { host.port ?? scheme.defaultPort }

    /// The value of `Host`: with a port only when it is not the scheme's.
    public var hostField: String {
        port == scheme.defaultPort ? host.bracketedName : "\(host.bracketedName):\(port)"
    }

    /// Makes the target of a request below this URL.
    ///
    /// - Parameter suffix: Begins with a slash, or is empty.
    /// - Returns: The path, then `suffix`, then the query.
    public func target(appending suffix: String) -> String {
        let target = path + suffix
        return (target.isEmpty ? "/" : target) + (query.map { "?" + $0 } ?? "")
    }
}
