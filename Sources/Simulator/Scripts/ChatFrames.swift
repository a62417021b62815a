import FreshetPartialJSON

/// Writes the frames of a Chat Completions answer, streamed and whole.
struct ChatFrames: AnswerFrames {
    /// Frames have no clock: this is what they say. 1 January 2025.
    private static let created = 1_735_689_600

    private let chunkStart: [UInt8]
    private let wholeStart: [UInt8]
    private let includesUsage: Bool

    /// `id` is what follows `chatcmpl-`.
    init(id: String, model: String, includesUsage: Bool) {
        self.includesUsage = includesUsage
        chunkStart = Array("data: ".utf8) + Self.start(object: "chat.completion.chunk", id: id, model: model)
        wholeStart = Self.start(object: "chat.completion", id: id, model: model)
    }

    /// Everything up to the bracket that opens `choices`.
    private static func start(object: StaticString, id: String, model: String) -> [UInt8] {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"id\":")
        out.appendJSON(string: "chatcmpl-" + id)
        out.appendJSON(raw: ",\"object\":\"")
        out.appendJSON(raw: object)
        out.appendJSON(raw: "\",\"created\":")
        out.appendJSON(integer: Self.created)
        out.appendJSON(raw: ",\"model\":")
        out.appendJSON(string: model)
        out.appendJSON(raw: ",\"system_fingerprint\":\"fp_simulator\",\"choices\":[")
        return out
    }

    // MARK: streamed

    private func begin(_ out: inout [UInt8], choice: Int) {
        out += chunkStart
        out.appendJSON(raw: "{\"index\":")
        out.appendJSON(integer: choice)
        out.appendJSON(raw: ",\"delta\":{")
    }

    private func end(_ out: inout [UInt8]) {
        out.appendJSON(raw: "},\"logprobs\":null,\"finish_reason\":null}]")
        endFrame(&out)
    }

    private func endFrame(_ out: inout [UInt8]) {
        if includesUsage { out.appendJSON(raw: ",\"usage\":null") }
        out.appendJSON(raw: "}\n\n")
    }

    /// The first frame of a choice: its role, once.
    func open(_ out: inout [UInt8], choice: Int, isCalling: Bool) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"role\":\"assistant\",\"content\":")
        if isCalling { out.appendJSON(raw: "null") } else { out.appendJSON(raw: "\"\"") }
        out.appendJSON(raw: ",\"refusal\":null")
        end(&out)
    }

    func text(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"content\":")
        out.appendJSON(string: text)
        end(&out)
    }

    func reasoning(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"reasoning_content\":")
        out.appendJSON(string: text)
        end(&out)
    }

    /// The only frame that carries a call's id, type and name.
    func callStart(_ out: inout [UInt8], choice: Int, _ call: SimulatedCall) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"tool_calls\":[{\"index\":")
        out.appendJSON(integer: call.place)
        out.appendJSON(raw: ",")
        Self.call(&out, call)
        out.appendJSON(raw: "\"\"}}]")
        end(&out)
    }

    func arguments(_ out: inout [UInt8], choice: Int, call: Int, _ text: Span<UInt8>, isLast: Bool) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"tool_calls\":[{\"index\":")
        out.appendJSON(integer: call)
        out.appendJSON(raw: ",\"function\":{\"arguments\":")
        out.appendJSON(string: text)
        out.appendJSON(raw: "}}]")
        end(&out)
    }

    func finish(_ out: inout [UInt8], choice: Int, _ end: SimulatedFinish, _ usage: SimulatedUsage) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "},\"logprobs\":null,\"finish_reason\":\"")
        out.appendJSON(raw: Self.word(end))
        out.appendJSON(raw: "\"}]")
        endFrame(&out)
    }

    private static func word(_ end: SimulatedFinish) -> StaticString {
        switch end {
        case .stop: "stop"
        case .length: "length"
        case .calls: "tool_calls"
        }
    }

    func usage(_ out: inout [UInt8], _ usage: SimulatedUsage) {
        guard includesUsage else { return }
        out += chunkStart
        out.appendJSON(raw: "],\"usage\":")
        Self.write(usage, to: &out)
        out.appendJSON(raw: "}\n\n")
    }

    func error(_ out: inout [UInt8]) {
        out.appendJSON(raw: "data: {\"error\":{\"message\":\"Simulated error.\",\"type\":\"server_error\",")
        out.appendJSON(raw: "\"param\":null,\"code\":\"simulated_error\"}}\n\n")
    }

    func garbage(_ out: inout [UInt8]) {
        out.appendJSON(raw: "data: {\"id\":\"x\",,]garbage ")
        out += [0xFF, 0xFE]
        out.appendJSON(raw: "\n\n")
    }

    var endsWithFinish: Bool { false }

    func done(_ out: inout [UInt8], afterError: Bool) { out.appendJSON(raw: "data: [DONE]\n\n") }

    /// `"id":…,"type":"function","function":{"name":…,"arguments":` — the value and two braces are the caller's.
    private static func call(_ out: inout [UInt8], _ call: SimulatedCall) {
        out.appendJSON(raw: "\"id\":")
        out.appendJSON(string: "call_" + call.id)
        out.appendJSON(raw: ",\"type\":\"function\",\"function\":{\"name\":")
        out.appendJSON(string: call.name)
        out.appendJSON(raw: ",\"arguments\":")
    }

    // MARK: whole

    func whole(_ answers: inout [SimulatedAnswer], promptTokens: Int) -> [UInt8] {
        var out: [UInt8] = []
        out += wholeStart
        var usage = SimulatedUsage(prompt: promptTokens)
        for index in answers.indices {
            if index > 0 { out.appendJSON(raw: ",") }
            out.appendJSON(raw: "{\"index\":")
            out.appendJSON(integer: index)
            out.appendJSON(raw: ",\"message\":")
            Self.message(&out, &answers[index])
            out.appendJSON(raw: ",\"logprobs\":null,\"finish_reason\":\"")
            out.appendJSON(raw: Self.word(answers[index].finish))
            out.appendJSON(raw: "\"}")
            usage.add(answers[index])
        }
        out.appendJSON(raw: "],\"usage\":")
        Self.write(usage, to: &out)
        out.appendJSON(raw: "}")
        return out
    }

    private static func message(_ out: inout [UInt8], _ answer: inout SimulatedAnswer) {
        let isCalling = answer.isCalling
        let said = WholeAnswer(&answer)
        out.appendJSON(raw: "{\"role\":\"assistant\",\"content\":")
        if isCalling { out.appendJSON(raw: "null") } else { out.appendJSON(string: said.text.span) }
        out.appendJSON(raw: ",\"refusal\":null")
        if !said.reasoning.isEmpty {
            out.appendJSON(raw: ",\"reasoning_content\":")
            out.appendJSON(string: said.reasoning.span)
        }
        for (index, each) in said.calls.enumerated() {
            out.appendJSON(raw: index == 0 ? ",\"tool_calls\":[{" : ",{")
            call(&out, each.call)
            out.appendJSON(string: each.arguments.span)
            out.appendJSON(raw: index == said.calls.count - 1 ? "}}]" : "}}")
        }
        out.appendJSON(raw: "}")
    }

    private static func write(_ usage: SimulatedUsage, to out: inout [UInt8]) {
        out.appendJSON(raw: "{\"prompt_tokens\":")
        out.appendJSON(integer: usage.prompt)
        out.appendJSON(raw: ",\"completion_tokens\":")
        out.appendJSON(integer: usage.completion)
        out.appendJSON(raw: ",\"total_tokens\":")
        out.appendJSON(integer: usage.prompt + usage.completion)
        if usage.reasoning > 0 {
            out.appendJSON(raw: ",\"completion_tokens_details\":{\"reasoning_tokens\":")
            out.appendJSON(integer: usage.reasoning)
            out.appendJSON(raw: "}")
        }
        out.appendJSON(raw: "}")
    }
}
