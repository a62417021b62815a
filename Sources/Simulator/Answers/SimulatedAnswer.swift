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
        case callStart(call: Int, id: String, name: String)
        /// Bytes of `bytes` in this range.
        case token(Kind, Range<Int>)
    }

    private struct Part: Equatable, Sendable {
        let kind: Kind
        var text: SimulatedText
        /// Set for a call that has not begun yet.
        var start: (id: String, name: String)?

        static func == (left: Part, right: Part) -> Bool {
            left.kind == right.kind && left.text == right.text && left.start?.id == right.start?.id
        }
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
        parts = calls
        if parts.isEmpty { parts = Self.parts(of: request, seed: seed, &numbers) }
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
            if let start = parts[current].start, case .arguments(let call) = parts[current].kind {
                parts[current].start = nil
                return .callStart(call: call, id: start.id, name: start.name)
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

    /// OpenAI's `finish_reason`, once `next` returned `nil`.
    var finishReason: StaticString { isCutShort ? "length" : isCalling ? "tool_calls" : "stop" }

    private static func parts(
        of request: SimulatorRequest, seed: UInt64, _ numbers: inout SeededNumbers
    ) -> [Part] {
        let count = request.model.tokens
        switch (request.format, request.model.word) {
        case (.json(let schema), _): return [json(schema, &numbers)]
        case (.text, .json): return [json(nil, &numbers)]
        case (.text, .code): return [Part(kind: .text, text: SimulatedText(.code, seed: seed, tokens: count))]
        case (.text, .think):
            let thoughts = SimulatedText(.thought, seed: seed, tokens: (count + 2) / 3)
            return [
                Part(kind: .reasoning, text: thoughts),
                Part(kind: .text, text: SimulatedText(.talk, seed: seed, tokens: count - (count + 2) / 3)),
            ]
        case (.text, .talk), (.text, .tools):
            return [Part(kind: .text, text: SimulatedText(.talk, seed: seed, tokens: count))]
        }
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
                start: ("call_" + numbers.identifier(24), tool.name))
        }
    }
}
