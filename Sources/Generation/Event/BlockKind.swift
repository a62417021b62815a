/// What a block holds.
public enum BlockKind: UInt8, CaseIterable, Sendable {
    /// Text for the reader.
    case text
    /// The model's reasoning.
    case reasoning
    /// The arguments of one tool call: JSON text as the model writes it.
    case toolInput
    /// The model's refusal.
    case refusal

    /// The word before `-start`, `-delta` and `-end` on the wire.
    public var wire: String {
        switch self {
        case .text: "text"
        case .reasoning: "reasoning"
        case .toolInput: "tool-input"
        case .refusal: "refusal"
        }
    }
}
