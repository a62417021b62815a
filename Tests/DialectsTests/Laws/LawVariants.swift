import FreshetDialects
import FreshetGeneration

/// The ways one stream may reach its reader, and how its dialect is written.
struct LawStream: Sendable {
    enum Dialect: String, CaseIterable, Sendable {
        case chat = "openai-chat"
        case simple, native, anthropic, gemini
    }

    var dialect: Dialect
    var framing: Framing
    /// Chat: usage was asked for. Simple: `?events=named`.
    var isAsked: Bool

    init(dialect: Dialect, framing: Framing, isAsked: Bool) {
        (self.dialect, self.framing, self.isAsked) = (dialect, framing, isAsked)
    }

    static let all: [LawStream] = Dialect.allCases.flatMap { dialect in
        [dialect == .gemini ? Framing.eventStreamCRLF : .eventStream, .jsonLines].flatMap { framing in
            (dialect == .chat || dialect == .simple ? [false, true] : [false]).map {
                LawStream(dialect: dialect, framing: framing, isAsked: $0)
            }
        }
    }

    /// The way of one program.
    init(_ dialect: Dialect, seed: Int) {
        self.init(
            dialect: dialect,
            framing: seed % 3 == 0 ? .jsonLines : dialect == .gemini ? .eventStreamCRLF : .eventStream,
            isAsked: (dialect == .chat || dialect == .simple) && (seed / 2).isMultiple(of: 2))
    }

    func encoder(_ id: GenerationID, resuming fold: GenerationFold? = nil) -> any StreamEncoder {
        switch (dialect, fold) {
        case (.chat, nil): OpenAIChatEncoder(framing: framing, includesUsage: isAsked)
        case (.chat, let fold?): OpenAIChatEncoder(framing: framing, includesUsage: isAsked, resuming: fold)
        case (.simple, nil): SimpleEncoder(generation: id, framing: framing, isNamed: isAsked)
        case (.simple, let fold?): SimpleEncoder(generation: id, framing: framing, isNamed: isAsked, resuming: fold)
        case (.anthropic, nil): AnthropicEncoder(framing: framing)
        case (.anthropic, let fold?): AnthropicEncoder(framing: framing, resuming: fold)
        case (.gemini, nil): GeminiEncoder(framing: framing)
        case (.gemini, let fold?): GeminiEncoder(framing: framing, resuming: fold)
        case (.native, _): NativeEncoder(generation: id, framing: framing)
        }
    }

    /// The stream in one piece; deltas merged up to `merge` bytes.
    func whole(_ program: LawProgram, merge: Int = 0) -> String {
        program.log.encoded(by: encoder(program.generation), merge: merge)
    }

    /// The stream cut behind event `sequence`, the rest by an encoder rebuilt from the fold of what came before.
    func resumed(_ program: LawProgram, after sequence: UInt64, merge: Int = 0) -> [String] {
        // Gemini's readers may come in the middle of a chunk, with what another dialect told them of it.
        let first = program.log.encoded(
            by: encoder(program.generation), through: sequence, ending: dialect == .gemini)
        let rebuilt = encoder(program.generation, resuming: program.log.fold(through: sequence))
        return [first, program.log.encoded(by: rebuilt, after: sequence, merge: merge)]
    }

    func read(_ parts: [String]) throws -> LawMessage {
        let isLines = framing == .jsonLines
        switch dialect {
        case .chat: return try .chat(parts, isLines: isLines, asksUsage: isAsked)
        case .simple: return try .simple(parts, isLines: isLines, isNamed: isAsked)
        case .native: return try .native(parts, isLines: isLines)
        case .anthropic: return try .anthropic(parts, isLines: isLines)
        case .gemini: return try .gemini(parts, isLines: isLines)
        }
    }
}
