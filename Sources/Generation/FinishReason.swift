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
