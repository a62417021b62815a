/// Why the model stopped, in the words of Chat Completions; a provider's own word survives as it is.
public enum FinishReason: Hashable, Sendable {
    case stop, length, toolCalls, contentFilter
    case unrecognized(String)

    /// - Parameter wire: The word on the wire.
    public init(wire: String) {
        switch wire {
        case "stop": self = .stop
        case "length": self = .length
        case "tool_calls": self = .toolCalls
        case "content_filter": self = .contentFilter
        default: self = .unrecognized(wire)
        }
    }

    /// Whether the provider says by its own word that the answer went wrong: whoever does not know the word must not take
    /// what there is for a whole answer.
    public var isFailure: Bool {
        guard case .unrecognized(let word) = self else { return false }
        return Self.failures.contains(word)
    }

    /// Gemini's words (https://ai.google.dev/api/generate-content#FinishReason).
    private static let failures: Set = [
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE", "OTHER", "LANGUAGE", "IMAGE_OTHER", "NO_IMAGE", "FINISH_REASON_UNSPECIFIED",
    ]

    /// The word on the wire.
    public var wire: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter: "content_filter"
        case .unrecognized(let word): word
        }
    }
}
