import FreshetPartialJSON

/// One answer, token by token; a request for several has one of these for each.
struct SimulatedAnswer: Equatable, Sendable {
    /// What a token is part of.
    enum Kind: Equatable, Sendable {
        case reasoning, text
        /// The call's place among the answer's calls, from 0.
        case arguments(call: Int)
    }

    /// What comes next.
    enum Piece: Equatable, Sendable {
        /// A call begins; it costs no token.
        case callStart(SimulatedCall)
        /// Bytes of `bytes` in this range.
        case token(Kind, Range<Int>)
    }

    private struct Part: Equatable, Sendable {
        let kind: Kind
        var text: SimulatedText
        /// Set for a call that has not begun yet.
        var start: SimulatedCall?
    }

    private var parts: [Part]
    private var current = 0
    private let mostTokens: Int
    /// Tokens so far, of all kinds.
    private(set) var tokens = 0
    /// Those of reasoning among them.
    private(set) var reasoningTokens = 0
    private var isCutShort = false

    /// Whether tools are called, so that there is no text.
    let isCalling: Bool

    /// `seed` decides every word.
    init(_ request: SimulatorRequest, seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        let calls = Self.calls(of: request, &numbers)
        isCalling = !calls.isEmpty
        mostTokens = request.maxTokens ?? .max
        parts = calls.isEmpty ? Self.parts(of: request, seed: seed, &numbers) : Self.thoughts(of: request, seed) + calls
    }

    /// The bytes that the last token is a range of.
    var bytes: [UInt8] { current < parts.count ? parts[current].text.block : [] }

    /// - Returns: `nil` at the end.
    mutating func next() -> Piece? {
        while current < parts.count {
            guard tokens < mostTokens else {
                isCutShort = true
                return nil
            }
            if let start = parts[current].start {
                parts[current].start = nil
                return .callStart(start)
            }
            if let range = parts[current].text.next() {
                tokens += 1
                if parts[current].kind == .reasoning { reasoningTokens += 1 }
                return .token(parts[current].kind, range)
            }
            current += 1
        }
        return nil
    }

    /// Whether the last token was the last of its text, reasoning or call.
    var isPartOver: Bool { current >= parts.count || parts[current].text.isOver }

    /// Why it ended, once `next` returned `nil`.
    var finish: SimulatedFinish { isCutShort ? .length : isCalling ? .calls : .stop }

    private static func parts(
        of request: SimulatorRequest, seed: UInt64, _ numbers: inout SeededNumbers
    ) -> [Part] {
        let count = request.model.tokens
        switch (request.format, request.model.word) {
        case (.json(let schema), _): return [json(schema, &numbers)]
        case (.text, .json): return [json(nil, &numbers)]
        case (.text, .code): return [Part(kind: .text, text: SimulatedText(.code, seed: seed, tokens: count))]
        case (.text, .think):
            let text = SimulatedText(.talk, seed: seed, tokens: count - (count + 2) / 3)
            return thoughts(of: request, seed) + [Part(kind: .text, text: text)]
        case (.text, .talk), (.text, .tools):
            return [Part(kind: .text, text: SimulatedText(.talk, seed: seed, tokens: count))]
        }
    }

    /// What comes before text and calls of `think`.
    private static func thoughts(of request: SimulatorRequest, _ seed: UInt64) -> [Part] {
        guard request.model.word == .think else { return [] }
        let text = SimulatedText(.thought, seed: seed, tokens: (request.model.tokens + 2) / 3)
        return [Part(kind: .reasoning, text: text)]
    }

    private static func json(_ schema: JSONValue?, _ numbers: inout SeededNumbers) -> Part {
        let value = SchemaSample.make(schema ?? BuiltInSchemas.article, numbers: &numbers)
        return Part(kind: .text, text: SimulatedText(fixed: String(decoding: value.bytes, as: UTF8.self)))
    }

    /// The calls of an answer: what the request insists on, or what `tools` does by itself.
    private static func calls(of request: SimulatorRequest, _ numbers: inout SeededNumbers) -> [Part] {
        var tools: [SimulatorRequest.Tool] = []
        switch request.toolChoice {
        case .none: break
        case .named(let name): tools = request.tools.filter { $0.name == name }.suffix(1)
        case .required: tools = request.tools
        case .automatic:
            guard request.model.word == .tools, !request.endsWithToolResult else { break }
            tools = request.tools.isEmpty ? [BuiltInSchemas.weather] : request.tools
        }
        let most = request.allowsParallelCalls ? 4 : 1
        return tools.prefix(most).enumerated().map { index, tool in
            let schema = tool.parameters ?? ["type": "object"]
            let arguments = SchemaSample.make(schema, numbers: &numbers)
            let text = String(decoding: arguments.bytes, as: UTF8.self)
            return Part(
                kind: .arguments(call: index), text: SimulatedText(fixed: text),
                start: SimulatedCall(place: index, id: numbers.identifier(24), name: tool.name))
        }
    }
}
