public import FreshetGeneration
import FreshetPartialJSON

/// Errors in the form of Anthropic: `{"type":"error","error":{"type","message","details"},"request_id"}`.
public enum AnthropicFailure {
    /// The vendor's words, each with the status that goes with it.
    private static let statuses = [
        "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
        "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500,
        "timeout_error": 504, "overloaded_error": 529,
    ]

    // MARK: Reading

    /// Reads an error in the stream: the whole document, or the short form of a gateway.
    static func reading(_ document: Span<UInt8>) -> ProviderFailure {
        let raw = document.withUnsafeBufferPointer { Array($0) }
        let value = try? JSONValue(parsing: document)
        var failure = failure(of: value?["error"] ?? .null, message: "the provider reported an error")
        failure.providerStatus = statuses[failure.code.name]
        failure.isRetryable = failure.providerStatus.map(isRetryable) ?? true
        guard value?["type"] == nil, var object = value?.objectValue else {
            return ProviderFailure(failure: failure, raw: raw)
        }
        object.members.insert(.init(name: "type", value: "error"), at: 0)
        return ProviderFailure(failure: failure, raw: JSONValue.object(object).bytes)
    }

    /// What an error status and its body mean: `{"type":"error","error":{…}}` or anything else.
    ///
    /// - Parameters:
    ///   - status: HTTP, 400 or above.
    ///   - body: Any bytes.
    /// - Returns: With the provider's word and status.
    public static func reading(status: Int, body: [UInt8]) -> GenerationFailure {
        let value = try? JSONValue(parsing: body)
        let answered = "the provider answered with status \(status)"
        var failure = failure(of: value?["error"] ?? value ?? .null, message: nil)
        failure.message = answered + (failure.message.isEmpty ? "" : ": \(failure.message)")
        if failure.code == .providerError { failure.code = .init(status: status) }
        failure.providerStatus = status
        failure.isRetryable = isRetryable(status)
        return failure
    }

    private static func failure(of error: JSONValue, message: String?) -> GenerationFailure {
        let said = error["message"]?.stringValue ?? error.stringValue ?? message ?? ""
        let word = error["type"]?.stringValue.flatMap { $0.isEmpty || $0 == "error" ? nil : $0 }
        var failure = GenerationFailure(
            code: word.map { .init($0) } ?? .providerError, message: said, isRetryable: true)
        failure.isProvidersWord = true
        return failure
    }

    private static func isRetryable(_ status: Int) -> Bool {
        status == 408 || status == 409 || status == 429 || status >= 500
    }

    // MARK: Writing

    /// The status under which a failure is told before the first byte: a provider's own is passed on, in the words of
    /// this dialect.
    public static func status(of failure: GenerationFailure) -> Int {
        let status = failure.isProvidersWord ? providerStatus(of: failure) ?? failure.status : failure.status
        return switch status {
        case 408: 504
        // Here an overload has a status of its own.
        case 503: 529
        default: status
        }
    }

    /// What the provider said, or means by its word; some say a status in place of a word.
    private static func providerStatus(of failure: GenerationFailure) -> Int? {
        if let status = failure.providerStatus ?? statuses[failure.code.name] { return status }
        return Int(failure.code.name).flatMap { (400..<600).contains($0) ? $0 : nil }
    }

    /// The word by which the official clients sort errors.
    static func type(of failure: GenerationFailure) -> String {
        switch status(of: failure) {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504: "timeout_error"
        case 529: "overloaded_error"
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }

    /// Appends the error's whole document.
    public static func append(_ failure: GenerationFailure, to out: inout [UInt8]) {
        out += "{\"type\":\"error\",\"error\":{\"type\":".utf8
        out.appendJSON(string: type(of: failure))
        out += ",\"message\":".utf8
        out.appendJSON(string: failure.message)
        if let word = threadCode(of: failure) { out += ",\"details\":{\"error_code\":\"\(word)\"}".utf8 }
        out += "}}".utf8
    }

    /// The field that says which answer a thread goes on from.
    static let threadPlace = "thread.previous_message_id"

    /// The official clients put their conversations into threads by themselves, and go on without where an error has one of
    /// these words.
    private static func threadCode(of failure: GenerationFailure) -> String? {
        guard failure.code == .invalidRequest, !failure.isProvidersWord else { return nil }
        return switch failure.parameter {
        case "thread": "thread_unsupported_request"
        case threadPlace: "thread_not_found"
        default: nil
        }
    }

    /// Appends a provider's error as it was.
    public static func append(raw: [UInt8], to out: inout [UInt8]) { out.appendJSONOnOneLine(raw) }
}
