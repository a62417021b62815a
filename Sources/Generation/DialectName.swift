/// A wire protocol's name, as in `?dialect=` and `--dialect`.
public enum DialectName: String, CaseIterable, Sendable {
    case native
    case simple
    case openAIChat = "openai-chat"
    case anthropic
    case gemini
}
