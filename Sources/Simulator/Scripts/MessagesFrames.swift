import FreshetPartialJSON

/// Writes the events of a Messages answer, streamed and whole.
struct MessagesFrames: AnswerFrames {
    private enum Block: Equatable {
        case none, text, thinking, tool
    }

    private let id: String
    private let model: String
    /// Of the thinking, if there is any.
    private let signature: String
    private let promptTokens: Int
    private var block = Block.none
    private var blocks = 0

    /// `id` is what follows `msg_`.
    init(id: String, model: String, signature: String, promptTokens: Int) {
        (self.id, self.model, self.signature, self.promptTokens) = (id, model, signature, promptTokens)
    }

    // MARK: streamed

    private func begin(_ out: inout [UInt8], _ name: StaticString) {
        out.appendJSON(raw: "event: ")
        out.appendJSON(raw: name)
        out.appendJSON(raw: "\ndata: {\"type\":\"")
        out.appendJSON(raw: name)
        out.appendJSON(raw: "\"")
    }

    private func end(_ out: inout [UInt8]) { out.appendJSON(raw: "}\n\n") }

    func open(_ out: inout [UInt8], choice: Int, isCalling: Bool) {
        begin(&out, "message_start")
        out.appendJSON(raw: ",\"message\":")
        start(&out)
        out.appendJSON(raw: "[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":")
        usage(&out, outputTokens: 1)
        out.appendJSON(raw: "}")
        end(&out)
        begin(&out, "ping")
        end(&out)
    }

    /// Everything up to the value of `content`.
    private func start(_ out: inout [UInt8]) {
        out.appendJSON(raw: "{\"id\":")
        out.appendJSON(string: "msg_" + id)
        out.appendJSON(raw: ",\"type\":\"message\",\"role\":\"assistant\",\"model\":")
        out.appendJSON(string: model)
        out.appendJSON(raw: ",\"content\":")
    }

    private func usage(_ out: inout [UInt8], outputTokens: Int) {
        out.appendJSON(raw: "{\"input_tokens\":")
        out.appendJSON(integer: promptTokens)
        out.appendJSON(raw: ",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":")
        out.appendJSON(integer: outputTokens)
        out.appendJSON(raw: "}")
    }

    /// Ends the block that is open and begins one, unless it is already.
    private mutating func begin(_ out: inout [UInt8], block kind: Block, _ content: StaticString) {
        guard block != kind else { return }
        endBlock(&out)
        beginBlock(&out, kind)
        out.appendJSON(raw: content)
        out.appendJSON(raw: "}")
        end(&out)
    }

    private mutating func beginBlock(_ out: inout [UInt8], _ kind: Block) {
        block = kind
        indexed(&out, "content_block_start")
        out.appendJSON(raw: ",\"content_block\":{\"type\":")
    }

    private func indexed(_ out: inout [UInt8], _ name: StaticString) {
        begin(&out, name)
        out.appendJSON(raw: ",\"index\":")
        out.appendJSON(integer: blocks)
    }

    private mutating func endBlock(_ out: inout [UInt8]) {
        guard block != .none else { return }
        if block == .thinking { delta(&out, "signature_delta\",\"signature", Array(signature.utf8).span) }
        indexed(&out, "content_block_stop")
        end(&out)
        block = .none
        blocks += 1
    }

    /// `kind` is the delta's type and the name of its text, quotes between them.
    private func delta(_ out: inout [UInt8], _ kind: StaticString, _ text: Span<UInt8>) {
        indexed(&out, "content_block_delta")
        out.appendJSON(raw: ",\"delta\":{\"type\":\"")
        out.appendJSON(raw: kind)
        out.appendJSON(raw: "\":")
        out.appendJSON(string: text)
        out.appendJSON(raw: "}")
        end(&out)
    }

    mutating func text(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        begin(&out, block: .text, "\"text\",\"text\":\"\"")
        delta(&out, "text_delta\",\"text", text)
    }

    mutating func reasoning(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        begin(&out, block: .thinking, "\"thinking\",\"thinking\":\"\",\"signature\":\"\"")
        delta(&out, "thinking_delta\",\"thinking", text)
    }

    mutating func callStart(_ out: inout [UInt8], choice: Int, _ call: SimulatedCall) {
        endBlock(&out)
        beginBlock(&out, .tool)
        Self.tool(&out, call)
        out.appendJSON(raw: "{}}")
        end(&out)
    }

    /// `"tool_use","id":…,"name":…,"input":`; the value and a brace are the caller's.
    private static func tool(_ out: inout [UInt8], _ call: SimulatedCall) {
        out.appendJSON(raw: "\"tool_use\",\"id\":")
        out.appendJSON(string: "toolu_" + call.id)
        out.appendJSON(raw: ",\"name\":")
        out.appendJSON(string: call.name)
        out.appendJSON(raw: ",\"input\":")
    }

    func arguments(_ out: inout [UInt8], choice: Int, call: Int, _ text: Span<UInt8>, isLast: Bool) {
        delta(&out, "input_json_delta\",\"partial_json", text)
    }

    mutating func finish(_ out: inout [UInt8], choice: Int, _ end: SimulatedFinish, _ usage: SimulatedUsage) {
        endBlock(&out)
        begin(&out, "message_delta")
        out.appendJSON(raw: ",\"delta\":{\"stop_reason\":\"")
        out.appendJSON(raw: Self.word(end))
        out.appendJSON(raw: "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":")
        out.appendJSON(integer: usage.completion)
        out.appendJSON(raw: "}")
        self.end(&out)
    }

    private static func word(_ end: SimulatedFinish) -> StaticString {
        switch end {
        case .stop: "end_turn"
        case .length: "max_tokens"
        case .calls: "tool_use"
        }
    }

    func usage(_ out: inout [UInt8], _ usage: SimulatedUsage) {}

    func error(_ out: inout [UInt8]) {
        begin(&out, "error")
        out.appendJSON(raw: ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Simulated error.\"},")
        out.appendJSON(raw: "\"request_id\":\"req_simulator\"")
        end(&out)
    }

    func garbage(_ out: inout [UInt8]) {
        out.appendJSON(raw: "event: content_block_delta\ndata: {\"type\":\"x\",,]garbage ")
        out += [0xFF, 0xFE]
        out.appendJSON(raw: "\n\n")
    }

    var endsWithFinish: Bool { false }

    func done(_ out: inout [UInt8], afterError: Bool) {
        guard !afterError else { return }
        begin(&out, "message_stop")
        end(&out)
    }

    // MARK: whole

    func whole(_ answers: inout [SimulatedAnswer], promptTokens: Int) -> [UInt8] {
        let answer = WholeAnswer(&answers[0])
        var out: [UInt8] = []
        start(&out)
        out.append(UInt8(ascii: "["))
        if !answer.reasoning.isEmpty {
            out.appendJSON(raw: "{\"type\":\"thinking\",\"thinking\":")
            out.appendJSON(string: answer.reasoning.span)
            out.appendJSON(raw: ",\"signature\":")
            out.appendJSON(string: signature)
            out.appendJSON(raw: "}")
        }
        if !answer.text.isEmpty {
            separate(&out)
            out.appendJSON(raw: "{\"type\":\"text\",\"text\":")
            out.appendJSON(string: answer.text.span)
            out.appendJSON(raw: "}")
        }
        for each in answer.calls {
            separate(&out)
            out.appendJSON(raw: "{\"type\":")
            Self.tool(&out, each.call)
            // What `max_tokens` cut off is no JSON.
            let isWhole = (try? JSONValue(parsing: each.arguments)) != nil
            if isWhole { out += each.arguments } else { out.appendJSON(raw: "{}") }
            out.appendJSON(raw: "}")
        }
        out.appendJSON(raw: "],\"stop_reason\":\"")
        out.appendJSON(raw: Self.word(answers[0].finish))
        out.appendJSON(raw: "\",\"stop_sequence\":null,\"usage\":")
        usage(&out, outputTokens: answers[0].tokens)
        out.appendJSON(raw: "}")
        return out
    }

    private func separate(_ out: inout [UInt8]) {
        if out.last == UInt8(ascii: "}") { out.append(UInt8(ascii: ",")) }
    }
}
