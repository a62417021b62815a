import FreshetGeneration
import FreshetPartialJSON

/// What a provider's error status means for readers of other dialects.
enum ProviderStatus {
    static func failure(status: Int, body: [UInt8]) -> GenerationFailure {
        let error = (try? JSONValue(parsing: body)).map { $0["error"] ?? $0 }
        let said = error?["message"]?.stringValue ?? error?.stringValue
        let message = "the provider answered with status \(status)" + (said.map { ": \($0)" } ?? "")
        let isRetryable = status == 408 || status == 409 || status == 429 || status >= 500
        let word = error?["code"]?.stringValue ?? error?["type"]?.stringValue
        var failure = GenerationFailure(
            code: word.map { .init($0) } ?? code(status), message: message, isRetryable: isRetryable,
            parameter: error?["param"]?.stringValue)
        failure.isProvidersWord = true
        return failure
    }

    /// For a provider that gives no word of its own.
    private static func code(_ status: Int) -> GenerationFailure.Code {
        switch status {
        case 400, 404, 409, 422: "invalid_request"
        case 401, 403: "unauthorized"
        case 413: .tooLarge
        case 408, 504: .providerTimeout
        case 429: "rate_limited"
        default: .providerError
        }
    }
}
