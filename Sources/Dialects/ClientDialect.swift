public import FreshetGeneration

/// What a client's dialect brings along, by its name: a new one gets its line in each of these.
extension DialectName {
    /// What an encoder has to know of its reader.
    public struct Reader: Sendable {
        /// What is read.
        public var generation: GenerationID
        /// How frames stand in the body.
        public var framing = Framing.eventStream
        /// Whether the reader may come back: then frames bear cursors, where the framing has a place for them.
        public var mayReturn = false
        /// Whether it asked for usage; only Chat Completions asks.
        public var includesUsage = false
        /// Whether events have names; only the simple dialect asks.
        public var isNamed = false
        /// What the reader has already; nil for one that begins at the beginning.
        public var fold: GenerationFold?
        /// Frames it has of the event behind `fold`.
        public var taken = 0

        /// One that begins at the beginning and does not return.
        public init(of generation: GenerationID) { self.generation = generation }
    }

    /// Writes a generation for one reader.
    public func encoder(for reader: Reader) -> any StreamEncoder {
        let cursors = reader.mayReturn ? reader.generation : nil
        return switch self {
        case .native: NativeEncoder(generation: reader.generation, framing: reader.framing)
        case .simple:
            SimpleEncoder(
                generation: reader.generation, framing: reader.framing, isNamed: reader.isNamed,
                resuming: reader.fold ?? GenerationFold())
        case .anthropic:
            AnthropicEncoder(
                framing: reader.framing, cursors: cursors, resuming: reader.fold ?? GenerationFold(),
                taken: reader.taken)
        case .gemini:
            GeminiEncoder(framing: reader.framing, cursors: cursors, resuming: reader.fold ?? GenerationFold())
        case .openAIChat:
            OpenAIChatEncoder(
                framing: reader.framing, includesUsage: reader.includesUsage, cursors: cursors,
                resuming: reader.fold ?? GenerationFold(), taken: reader.taken)
        }
    }

    /// Whether an event can make several frames, each with a cursor of its own.
    ///
    /// - Parameter isEnd: Whether it is the generation's last event.
    /// - Returns: false where a cursor's part says nothing.
    public func hasParts(atEnd isEnd: Bool) -> Bool {
        switch self {
        case .native, .simple, .gemini: false
        case .openAIChat: isEnd
        case .anthropic: true
        }
    }

    /// The request's field that asks for several answers.
    public var choicesField: String {
        switch self {
        case .native, .simple, .openAIChat, .anthropic: "n"
        case .gemini: "generationConfig.candidateCount"
        }
    }

    /// Gathers a whole answer; nil for a dialect that knows only streams.
    public func completion() -> (any CompletionFold)? {
        switch self {
        case .native, .simple: nil
        case .anthropic: AnthropicCompletion()
        case .gemini: GeminiCompletion()
        case .openAIChat: OpenAIChatCompletion()
        }
    }

    /// The dialect in which clients of this one are told of errors before the first byte.
    public var errorForm: DialectName {
        switch self {
        case .native, .simple, .openAIChat: .openAIChat
        case .anthropic: .anthropic
        case .gemini: .gemini
        }
    }

    /// The HTTP status under which clients of this dialect are told of a failure before the first byte.
    public func status(of failure: GenerationFailure) -> Int {
        switch self {
        case .anthropic: AnthropicFailure.status(of: failure)
        case .gemini: GeminiFailure.status(of: failure)
        case .native, .simple, .openAIChat: ChatFailure.status(of: failure)
        }
    }

    /// The error document that clients of this dialect know.
    ///
    /// - Parameters:
    ///   - failure: What is told.
    ///   - raw: A provider's own error of the same dialect, as `ProviderFailure.raw`; nil to write ours.
    /// - Returns: JSON.
    public func errorBody(_ failure: GenerationFailure, raw: [UInt8]? = nil) -> [UInt8] {
        var body: [UInt8] = []
        switch self {
        case .anthropic:
            if let raw {
                AnthropicFailure.append(raw: raw, to: &body)
            } else {
                AnthropicFailure.append(failure, to: &body)
            }
        case .native, .simple, .openAIChat:
            if let raw { ChatFailure.append(raw: raw, to: &body) } else { ChatFailure.append(failure, to: &body) }
        case .gemini:
            if let raw { GeminiFailure.append(raw: raw, to: &body) } else { GeminiFailure.append(failure, to: &body) }
        }
        return body
    }
}
