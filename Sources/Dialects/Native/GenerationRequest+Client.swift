public import FreshetGeneration
import FreshetPartialJSON

/// The native request names its members as Chat Completions does.
extension GenerationRequest: ClientRequest {
    /// The native one.
    public var dialect: DialectName { .native }
    /// Always: who asks for the id alone reads the stream later.
    public var isStream: Bool { true }
    /// One.
    public var choices: Int { 1 }
    /// Whether `reasoning` is there.
    public var asksReasoning: Bool { options["reasoning"] != nil }
    /// Native readers always see usage.
    public var includesUsage: Bool { true }

    /// No provider speaks the native dialect; its own form all the same.
    public func ownBody(for provider: ProviderHabits) -> [UInt8] { body }

    /// Chat Completions has the same members; for any other dialect they are read.
    public func body(for dialect: ProviderDialect, _ provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        if dialect == .openAIChat { return openAIChatBody(for: provider) }
        return try modelRequest().body(for: dialect, provider)
    }

}
