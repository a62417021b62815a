public import FreshetGeneration
import FreshetPartialJSON

/// Errors in Google's form: `{"error":{"code":429,"message":…,"status":"RESOURCE_EXHAUSTED","details":[…]}}`.
///
/// - SeeAlso: https://cloud.google.com/apis/design/errors
public enum GeminiFailure {
    /// Reads an error in the stream: the raw value of `error`.
    static func reading(_ raw: Span<UInt8>) -> ProviderFailure {
        let value = try? JSONValue(parsing: raw)
        let said = value?["message"]?.stringValue ?? value?.stringValue
        var failure = failure(value, status: nil, message: said ?? "the provider reported an error")
        failure.providerStatus = value?["code"]?.intValue.flatMap { (400...599).contains($0) ? $0 : nil }
        return ProviderFailure(failure: failure, raw: raw.withUnsafeBufferPointer { Array($0) })
    }

    /// What an error status and its body mean: the error, an array with it, or anything else.
    ///
    /// - Parameters:
    ///   - status: HTTP, 400 or above.
    ///   - body: Any bytes.
    /// - Returns: With the provider's word and status.
    public static func reading(status: Int, body: [UInt8]) -> GenerationFailure {
        let document = try? JSONValue(parsing: body)
        let object = document?[0] ?? document
        let error = object.map { $0["error"] ?? $0 }
        let said = error?["message"]?.stringValue ?? error?.stringValue
        let message = "the provider answered with status \(status)" + (said.map { ": \($0)" } ?? "")
        var failure = failure(error, status: status, message: message)
        failure.providerStatus = status
        return failure
    }

    private static func failure(_ error: JSONValue?, status: Int?, message: String) -> GenerationFailure {
        let status = status ?? error?["code"]?.intValue
        let word = error?["status"]?.stringValue
        let code =
            word.map { GenerationFailure.Code($0) } ?? status.map(GenerationFailure.Code.init(status:))
            ?? .providerError
        var failure = GenerationFailure(code: code, message: message, isRetryable: isRetryable(status, word))
        failure.isProvidersWord = true
        failure.retryAfter = retryAfter(error)
        return failure
    }

    private static func isRetryable(_ status: Int?, _ word: String?) -> Bool {
        if let status { return status == 408 || status == 409 || status == 429 || status >= 500 }
        guard let word else { return true }
        return ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN"]
            .contains(word)
    }

    /// The whole seconds of a `RetryInfo`'s `retryDelay`, such as `48.9s`, rounded up.
    private static func retryAfter(_ error: JSONValue?) -> Int? {
        for detail in error?["details"]?.arrayValue ?? [] {
            guard detail["@type"]?.stringValue?.hasSuffix("google.rpc.RetryInfo") == true,
                let delay = detail["retryDelay"]?.stringValue, delay.hasSuffix("s"),
                let seconds = Double(delay.dropLast()), seconds >= 0, seconds < 1e6
            else { continue }
            // Not `rounded`, for which every user of this module would link the C mathematics library.
            let whole = Int(seconds)
            return Double(whole) < seconds ? whole + 1 : whole
        }
        return nil
    }

    // MARK: Writing

    /// The status under which a failure is told before the first byte: a provider's own is passed on.
    public static func status(of failure: GenerationFailure) -> Int {
        guard failure.isProvidersWord, let status = failure.providerStatus else { return failure.status }
        // Anthropic's word for an overload, which clients of this dialect do not know.
        return status == 529 ? 503 : status
    }

    /// Appends the error's whole document.
    public static func append(_ failure: GenerationFailure, to out: inout [UInt8]) {
        let status = status(of: failure)
        out += #"{"error":{"code":"#.utf8
        out.appendJSON(integer: status)
        out += #","message":"#.utf8
        out.appendJSON(string: failure.message)
        out += #","status":"#.utf8
        out.appendJSON(string: word(of: status))
        appendDetails(failure, to: &out)
        out += "}}".utf8
    }

    private static func appendDetails(_ failure: GenerationFailure, to out: inout [UInt8]) {
        var details: [String] = []
        // What the one word for a status does not tell apart.
        if failure.code.name != word(of: status(of: failure)) {
            var reason: [UInt8] = []
            reason.appendJSON(string: failure.code.name)
            let word = String(decoding: reason, as: UTF8.self)
            details.append(
                #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":\#(word),"domain":"freshet"}"#)
        }
        if let field = failure.parameter {
            var name: [UInt8] = []
            name.appendJSON(string: field)
            let violation = #"{"field":\#(String(decoding: name, as: UTF8.self))}"#
            details.append(
                #"{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[\#(violation)]}"#)
        }
        if let seconds = failure.retryAfter {
            details.append(#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(seconds)s"}"#)
        }
        guard !details.isEmpty else { return }
        out += #","details":[\#(details.joined(separator: ","))]"#.utf8
    }

    /// Appends a provider's error as it was, with `error` around it.
    public static func append(raw: [UInt8], to out: inout [UInt8]) {
        out += "{\"error\":".utf8
        out.appendJSONOnOneLine(raw)
        out.append(0x7D)
    }

    /// Google's word for an HTTP status.
    private static func word(of status: Int) -> String {
        switch status {
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404, 410: "NOT_FOUND"
        case 409: "ABORTED"
        case 429: "RESOURCE_EXHAUSTED"
        case 499: "CANCELLED"
        case 405, 501: "UNIMPLEMENTED"
        case 502, 503: "UNAVAILABLE"
        case 504, 408: "DEADLINE_EXCEEDED"
        case 400...499: "INVALID_ARGUMENT"
        default: "INTERNAL"
        }
    }
}
