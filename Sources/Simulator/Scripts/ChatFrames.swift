import FreshetPartialJSON

/// Writes the frames of a Chat Completions answer, streamed and whole.
struct ChatFrames: Equatable, Sendable {
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
    func role(_ out: inout [UInt8], choice: Int, isCalling: Bool) {
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
    func callStart(_ out: inout [UInt8], choice: Int, call: Int, id: String, name: String) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"tool_calls\":[{\"index\":")
        out.appendJSON(integer: call)
        out.appendJSON(raw: ",")
        Self.call(&out, id: id, name: name)
        out.appendJSON(raw: "\"\"}}]")
        end(&out)
    }

    func arguments(_ out: inout [UInt8], choice: Int, call: Int, _ text: Span<UInt8>) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "\"tool_calls\":[{\"index\":")
        out.appendJSON(integer: call)
        out.appendJSON(raw: ",\"function\":{\"arguments\":")
        out.appendJSON(string: text)
        out.appendJSON(raw: "}}]")
        end(&out)
    }

    func finish(_ out: inout [UInt8], choice: Int, reason: StaticString) {
        begin(&out, choice: choice)
        out.appendJSON(raw: "},\"logprobs\":null,\"finish_reason\":\"")
        out.appendJSON(raw: reason)
        out.appendJSON(raw: "\"}]")
        endFrame(&out)
    }

    func usage(_ out: inout [UInt8], _ usage: SimulatedUsage) {
        out += chunkStart
        out.appendJSON(raw: "],\"usage\":")
        usage.write(&out)
        out.appendJSON(raw: "}\n\n")
    }

    static func error(_ out: inout [UInt8]) {
        out.appendJSON(raw: "data: {\"error\":{\"message\":\"Simulated error.\",\"type\":\"server_error\",")
        out.appendJSON(raw: "\"param\":null,\"code\":\"simulated_error\"}}\n\n")
    }

    static func garbage(_ out: inout [UInt8]) {
        out.appendJSON(raw: "data: {\"id\":\"x\",,]garbage ")
        out += [0xFF, 0xFE]
        out.appendJSON(raw: "\n\n")
    }

    static func done(_ out: inout [UInt8]) { out.appendJSON(raw: "data: [DONE]\n\n") }

    /// `"id":…,"type":"function","function":{"name":…,"arguments":` — the value and two braces are the caller's.
    private static func call(_ out: inout [UInt8], id: String, name: String) {
        out.appendJSON(raw: "\"id\":")
        out.appendJSON(string: id)
        out.appendJSON(raw: ",\"type\":\"function\",\"function\":{\"name\":")
        out.appendJSON(string: name)
        out.appendJSON(raw: ",\"arguments\":")
    }

    // MARK: whole

    /// The body of an answer that does not stream; reads every answer to its end.
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
            out.appendJSON(raw: answers[index].finishReason)
            out.appendJSON(raw: "\"}")
            usage.add(answers[index])
        }
        out.appendJSON(raw: "],\"usage\":")
        usage.write(&out)
        out.appendJSON(raw: "}")
        return out
    }

    private static func message(_ out: inout [UInt8], _ answer: inout SimulatedAnswer) {
        var (reasoning, text): ([UInt8], [UInt8]) = ([], [])
        var calls: [(id: String, name: String, arguments: [UInt8])] = []
        while let piece = answer.next() {
            switch piece {
            case .callStart(_, let id, let name): calls.append((id, name, []))
            case .token(.reasoning, let range): reasoning += answer.bytes[range]
            case .token(.text, let range): text += answer.bytes[range]
            case .token(.arguments(let call), let range): calls[call].arguments += answer.bytes[range]
            }
        }
        out.appendJSON(raw: "{\"role\":\"assistant\",\"content\":")
        if answer.isCalling { out.appendJSON(raw: "null") } else { out.appendJSON(string: text.span) }
        out.appendJSON(raw: ",\"refusal\":null")
        if !reasoning.isEmpty {
            out.appendJSON(raw: ",\"reasoning_content\":")
            out.appendJSON(string: reasoning.span)
        }
        for (index, each) in calls.enumerated() {
            out.appendJSON(raw: index == 0 ? ",\"tool_calls\":[{" : ",{")
            call(&out, id: each.id, name: each.name)
            out.appendJSON(string: each.arguments.span)
            out.appendJSON(raw: index == calls.count - 1 ? "}}]" : "}}")
        }
        out.appendJSON(raw: "}")
    }
}

/// Token counts of one request.
struct SimulatedUsage: Equatable, Sendable {
    let prompt: Int
    private var completion = 0
    private var reasoning = 0

    init(prompt: Int) { self.prompt = prompt }

    mutating func add(_ answer: SimulatedAnswer) {
        completion += answer.tokens
        reasoning += answer.reasoningTokens
    }

    func write(_ out: inout [UInt8]) {
        out.appendJSON(raw: "{\"prompt_tokens\":")
        out.appendJSON(integer: prompt)
        out.appendJSON(raw: ",\"completion_tokens\":")
        out.appendJSON(integer: completion)
        out.appendJSON(raw: ",\"total_tokens\":")
        out.appendJSON(integer: prompt + completion)
        if reasoning > 0 {
            out.appendJSON(raw: ",\"completion_tokens_details\":{\"reasoning_tokens\":")
            out.appendJSON(integer: reasoning)
            out.appendJSON(raw: "}")
        }
        out.appendJSON(raw: "}")
    }
}
