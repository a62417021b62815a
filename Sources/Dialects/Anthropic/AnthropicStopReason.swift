import FreshetGeneration

/// `stop_reason` and what it is in our words.
enum AnthropicStopReason {
    /// A provider's word.
    static func reading(_ word: String) -> FinishReason {
        switch word {
        case "end_turn", "stop_sequence": .stop
        case "max_tokens", "model_context_window_exceeded": .length
        case "tool_use": .toolCalls
        case "refusal": .contentFilter
        default: .unrecognized(word)
        }
    }

    /// The word for an answer of another dialect.
    ///
    /// - Parameters:
    ///   - reason: As it was reported; nil when it was not.
    ///   - outcome: A success.
    ///   - hasCalls: Whether the client is to answer calls.
    ///   - isRefusal: Whether the model refused in so many words.
    /// - Returns: A provider's own word as it is.
    static func word(
        for reason: FinishReason?, outcome: Outcome, hasCalls: Bool, isRefusal: Bool
    ) -> String {
        switch reason {
        case nil where outcome == .overBudget: "max_tokens"
        case nil where outcome == .stopped: "end_turn"
        case nil, .stop: hasCalls ? "tool_use" : isRefusal ? "refusal" : "end_turn"
        case .length: "max_tokens"
        case .toolCalls: "tool_use"
        case .contentFilter: "refusal"
        case .unrecognized(let word): word
        }
    }
}
