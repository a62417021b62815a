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
