public import FreshetGeneration

/// A request in a client's dialect: what the gateway must know of it, and what becomes of it on its way to a provider.
public protocol ClientRequest: Sendable {
    /// The client's dialect.
    var dialect: DialectName { get }
    /// Nil when the client named none.
    var model: String? { get }
    /// Whether the client asked for a stream.
    var isStream: Bool { get }
    /// How many answers were asked for.
    var choices: Int { get }
    /// Whether the client asked the model to reason: its first content may take long.
    var asksReasoning: Bool { get }
    /// Whether the client asked for usage in its stream; false where its dialect always brings it.
    var includesUsage: Bool { get }

    /// The body that a provider gets; it always asks for a stream.
    ///
    /// - Parameters:
    ///   - dialect: The provider's.
    ///   - provider: What is to be known of it.
    /// - Returns: JSON.
    /// - Throws: A failure that names the client's field for which the provider's dialect has no place.
    func body(for dialect: ProviderDialect, _ provider: ProviderHabits) throws(RequestError) -> [UInt8]

    /// The body for a provider of the client's own dialect: named members replaced, our own options taken out, every
    /// other byte as the client wrote it. O(body).
    func ownBody(for provider: ProviderHabits) -> [UInt8]

    /// The same in no dialect's words, for a provider of another one.
    ///
    /// - Throws: A failure that names the client's field, where something cannot be said at all.
    func modelRequest() throws(RequestError) -> ModelRequest
}

extension ClientRequest {
    /// The client's own bytes for a provider of the same dialect, else what `modelRequest` says in the provider's.
    public func body(for dialect: ProviderDialect, _ provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        guard dialect.name != self.dialect else { return ownBody(for: provider) }
        return try modelRequest().body(for: dialect, provider)
    }
}

extension ModelRequest {
    /// The request as a body of a provider's dialect that asks for a stream.
    ///
    /// - Parameters:
    ///   - dialect: The provider's.
    ///   - provider: What is to be known of it.
    /// - Returns: JSON.
    /// - Throws: A failure that names the client's field for which the dialect has no place.
    public func body(for dialect: ProviderDialect, _ provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        switch dialect {
        case .openAIChat: try openAIChatBody(for: provider)
        case .anthropic: try anthropicBody(for: provider)
        case .gemini: try geminiBody(for: provider)
        }
    }
}
