public import FreshetGeneration
public import FreshetPartialJSON

/// A wire protocol that a provider may speak.
public enum ProviderDialect: String, CaseIterable, Sendable {
    case openAIChat
    case anthropic
    case gemini

    /// The protocol's name.
    public var name: DialectName {
        switch self {
        case .openAIChat: .openAIChat
        case .anthropic: .anthropic
        case .gemini: .gemini
        }
    }

    /// What a decoder has to know of its answer.
    public struct Answer: Sendable {
        /// `provider/model`, for the attempt's event.
        public var route: String
        /// What ids are derived from where the provider gives none.
        public var generation: GenerationID
        /// How many answers were asked for.
        public var choices: Int
        /// The number of the next block in the log.
        public var firstBlock: Int
        /// Of each frame's JSON.
        public var limits: JSONLimits

        /// - Parameters:
        ///   - route: `provider/model`.
        ///   - generation: What ids are derived from.
        ///   - choices: How many answers were asked for.
        ///   - firstBlock: The number of the next block in the log.
        ///   - limits: Of each frame's JSON.
        public init(
            route: String, generation: GenerationID, choices: Int = 1, firstBlock: Int = 0,
            limits: JSONLimits = .init()
        ) {
            (self.route, self.generation, self.choices) = (route, generation, choices)
            (self.firstBlock, self.limits) = (firstBlock, limits)
        }
    }

    /// Reads the answer's frames into a log.
    public func decoder(of answer: Answer) -> any ProviderDecoder {
        switch self {
        case .anthropic:
            AnthropicDecoder(
                route: answer.route, generation: answer.generation, firstBlock: answer.firstBlock,
                limits: answer.limits)
        case .gemini:
            GeminiDecoder(
                route: answer.route, generation: answer.generation, choices: answer.choices,
                firstBlock: answer.firstBlock, limits: answer.limits)
        case .openAIChat:
            OpenAIChatDecoder(
                route: answer.route, generation: answer.generation, choices: answer.choices,
                firstBlock: answer.firstBlock, limits: answer.limits)
        }
    }

    /// What an error status and its body mean.
    ///
    /// - Parameters:
    ///   - status: HTTP, 400 or above.
    ///   - body: As it came; any bytes.
    /// - Returns: With the provider's word for the error, its status, and when to ask again where it says so.
    public func failure(status: Int, body: [UInt8]) -> GenerationFailure {
        switch self {
        case .anthropic: AnthropicFailure.reading(status: status, body: body)
        case .gemini: GeminiFailure.reading(status: status, body: body)
        case .openAIChat: ChatFailure.reading(status: status, body: body)
        }
    }
}

/// What differs among providers of one dialect.
public struct ProviderHabits: Equatable, Sendable {
    /// The provider's name for the model.
    public var model: String
    /// Whether to ask for usage, whatever the client asked; some servers refuse to be asked.
    public var asksUsage: Bool
    /// Whether the limit is called `max_completion_tokens`, as Chat's inventor demands for newer models; others know
    /// `max_tokens`.
    public var namesCompletionTokens: Bool

    /// - Parameters:
    ///   - model: The provider's name for the model.
    ///   - asksUsage: Whether to ask for usage.
    ///   - namesCompletionTokens: Whether the limit is called `max_completion_tokens`.
    public init(model: String, asksUsage: Bool = true, namesCompletionTokens: Bool = false) {
        (self.model, self.asksUsage, self.namesCompletionTokens) = (model, asksUsage, namesCompletionTokens)
    }
}
