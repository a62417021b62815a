public import FreshetGeneration
import FreshetPartialJSON

/// Errors in the form of Chat Completions: `{"error":{"message","type","param","code"}}`.
public enum ChatFailure {
    /// Reads a provider's error: an object, a bare string, or a server's `"object":"error"`.
    static func reading(_ raw: Span<UInt8>) -> ProviderFailure {
        let bytes = raw.withUnsafeBufferPointer { Array($0) }
        let value = try? JSONValue(parsing: raw)
        let message = value?["message"]?.stringValue ?? value?.stringValue ?? "the provider reported an error"
        let code = word(value?["code"]) ?? word(value?["type"]) ?? GenerationFailure.Code.providerError.name
        var failure = GenerationFailure(
            code: .init(code), message: message, isRetryable: isRetryable(value), parameter: word(value?["param"]))
        failure.isProvidersWord = true
        return ProviderFailure(failure: failure, raw: bytes)
    }

    /// What an error status and its body mean: `{"error":{…}}`, the error alone, or anything else.
    ///
    /// - Parameters:
    ///   - status: HTTP, 400 or above.
    ///   - body: Any bytes.
    /// - Returns: With the provider's word and status.
    public static func reading(status: Int, body: [UInt8]) -> GenerationFailure {
        let error = (try? JSONValue(parsing: body)).map { $0["error"] ?? $0 }
        let said = error?["message"]?.stringValue ?? error?.stringValue
        let message = "the provider answered with status \(status)" + (said.map { ": \($0)" } ?? "")
        let isRetryable = status == 408 || status == 409 || status == 429 || status >= 500
        let word = error?["code"]?.stringValue ?? error?["type"]?.stringValue
        var failure = GenerationFailure(
            code: word.map { .init($0) } ?? .init(status: status), message: message, isRetryable: isRetryable,
            parameter: error?["param"]?.stringValue)
        failure.isProvidersWord = true
        failure.providerStatus = status
        return failure
    }

    /// A finish that this dialect has no word for, because the answer went wrong.
    static func finish(_ reason: FinishReason) -> GenerationFailure {
        var failure = GenerationFailure(
            code: .providerError, message: "the provider ended its answer with \(reason.wire)", isRetryable: true)
        failure.isProvidersWord = true
        return failure
    }

    /// The status under which a failure is told before the first byte: a provider's own is passed on.
    public static func status(of failure: GenerationFailure) -> Int {
        guard failure.isProvidersWord, let status = failure.providerStatus else { return failure.status }
        // Anthropic's word for an overload, which clients of this dialect do not know.
        return status == 529 ? 503 : status
    }

    private static func word(_ value: JSONValue?) -> String? {
        value?.stringValue ?? value?.intValue.map { String($0) }
    }

    private static func isRetryable(_ value: JSONValue?) -> Bool {
        if let status = value?["code"]?.intValue { return status == 429 || status >= 500 }
        let words = [value?["type"]?.stringValue, value?["code"]?.stringValue].compactMap(\.self)
        let lasting = ["invalid_request_error", "authentication_error", "permission_error", "insufficient_quota"]
        return !words.contains { lasting.contains($0) }
    }

    /// Appends the error's whole document.
    public static func append(_ failure: GenerationFailure, to out: inout [UInt8]) {
        out += #"{"error":{"message":"#.utf8
        out.appendJSON(string: failure.message)
        out += #","type":"#.utf8
        out.appendJSON(string: type(of: failure))
        out += #","param":"#.utf8
        if let parameter = failure.parameter {
            out.appendJSON(string: parameter)
        } else {
            out += "null".utf8
        }
        out += #","code":"#.utf8
        out.appendJSON(string: failure.code.name)
        out += "}}".utf8
    }

    /// Appends a provider's error as it was, with `error` around it.
    public static func append(raw: [UInt8], to out: inout [UInt8]) {
        out += "{\"error\":".utf8
        out.appendJSONOnOneLine(raw)
        out.append(0x7D)
    }

    /// The word that the official clients sort errors by.
    private static func type(of failure: GenerationFailure) -> String {
        switch failure.code {
        case .invalidRequest, .modelNotFound, .tooLarge, "not_found", "method_not_allowed", "gone", "conflict",
            "idempotency_mismatch":
            "invalid_request_error"
        case "forbidden": "permission_error"
        case .unauthorized: "authentication_error"
        case .overloaded, .shuttingDown: "server_error"
        default: "api_error"
        }
    }
}
