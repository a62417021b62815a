import FreshetPartialJSON

/// Writes the chunks of a Gemini answer: as server-sent events, as one array, and whole.
struct GeminiFrames: AnswerFrames {
    private let id: String
    private let model: String
    /// Of the thoughts, if there are any: stands on the part behind them.
    private let signature: String
    private let promptTokens: Int
    private let isEventStream: Bool
    /// Calls come whole; of each choice the one whose arguments are being gathered.
    private var pending: [(call: SimulatedCall, arguments: [UInt8])?]
    /// Of each choice whether its thoughts still want their signature.
    private var isUnsigned: [Bool]
    private var tokens = 0
    private var thoughts = 0
    private var hasBegun = false

    init(
        id: String, model: String, signature: String, promptTokens: Int, choices: Int, isEventStream: Bool
    ) {
        (self.id, self.model, self.signature, self.promptTokens) = (id, model, signature, promptTokens)
        self.isEventStream = isEventStream
        pending = Array(repeating: nil, count: choices)
        isUnsigned = Array(repeating: false, count: choices)
    }

    // MARK: streamed

    /// Everything up to the value of `parts`.
    private mutating func begin(_ out: inout [UInt8]) {
        beginFrame(&out)
        out.appendJSON(raw: "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[")
    }

    private mutating func beginFrame(_ out: inout [UInt8]) {
        if isEventStream {
            out.appendJSON(raw: "data: ")
        } else {
            if hasBegun { out.appendJSON(raw: ",\r\n") } else { out.appendJSON(raw: "[") }
        }
        hasBegun = true
    }

    private func endFrame(_ out: inout [UInt8]) { if isEventStream { out.appendJSON(raw: "\r\n\r\n") } }

    /// Everything behind the parts.
    private func end(_ out: inout [UInt8], choice: Int, _ finish: SimulatedFinish? = nil) {
        out.appendJSON(raw: "]}")
        candidate(&out, choice: choice, finish)
        out.appendJSON(raw: "]")
        tail(&out)
        endFrame(&out)
    }

    private func candidate(_ out: inout [UInt8], choice: Int, _ finish: SimulatedFinish?) {
        if let finish {
            out.appendJSON(raw: ",\"finishReason\":\"")
            out.appendJSON(raw: Self.word(finish))
            out.appendJSON(raw: "\"")
        }
        out.appendJSON(raw: ",\"index\":")
        out.appendJSON(integer: choice)
        out.appendJSON(raw: "}")
    }

    private func tail(_ out: inout [UInt8]) {
        out.appendJSON(raw: ",\"usageMetadata\":{\"promptTokenCount\":")
        out.appendJSON(integer: promptTokens)
        out.appendJSON(raw: ",\"candidatesTokenCount\":")
        out.appendJSON(integer: tokens)
        if thoughts > 0 {
            out.appendJSON(raw: ",\"thoughtsTokenCount\":")
            out.appendJSON(integer: thoughts)
        }
        out.appendJSON(raw: ",\"totalTokenCount\":")
        out.appendJSON(integer: promptTokens + tokens + thoughts)
        out.appendJSON(raw: "},\"modelVersion\":")
        out.appendJSON(string: model)
        out.appendJSON(raw: ",\"responseId\":")
        out.appendJSON(string: id)
        out.appendJSON(raw: "}")
    }

    private static func word(_ end: SimulatedFinish) -> StaticString {
        switch end {
        case .stop, .calls: "STOP"
        case .length: "MAX_TOKENS"
        }
    }

    /// Ends a part, with the signature where it is due.
    private mutating func endPart(_ out: inout [UInt8], choice: Int) {
        if isUnsigned[choice] {
            isUnsigned[choice] = false
            out.appendJSON(raw: ",\"thoughtSignature\":")
            out.appendJSON(string: signature)
        }
        out.appendJSON(raw: "}")
    }

    func open(_ out: inout [UInt8], choice: Int, isCalling: Bool) {}

    mutating func text(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        tokens += 1
        begin(&out)
        out.appendJSON(raw: "{\"text\":")
        out.appendJSON(string: text)
        endPart(&out, choice: choice)
        end(&out, choice: choice)
    }

    mutating func reasoning(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>) {
        thoughts += 1
        isUnsigned[choice] = true
        begin(&out)
        out.appendJSON(raw: "{\"text\":")
        out.appendJSON(string: text)
        out.appendJSON(raw: ",\"thought\":true}")
        end(&out, choice: choice)
    }

    mutating func callStart(_ out: inout [UInt8], choice: Int, _ call: SimulatedCall) { pending[choice] = (call, []) }

    mutating func arguments(_ out: inout [UInt8], choice: Int, call: Int, _ text: Span<UInt8>, isLast: Bool) {
        tokens += 1
        text.withUnsafeBufferPointer { pending[choice]?.arguments.append(contentsOf: $0) }
        guard isLast, let whole = pending[choice] else { return }
        pending[choice] = nil
        begin(&out)
        Self.call(&out, whole.call, whole.arguments)
        endPart(&out, choice: choice)
        end(&out, choice: choice)
    }

    /// A part without its last brace.
    private static func call(_ out: inout [UInt8], _ call: SimulatedCall, _ arguments: [UInt8]) {
        out.appendJSON(raw: "{\"functionCall\":{\"name\":")
        out.appendJSON(string: call.name)
        out.appendJSON(raw: ",\"args\":")
        out += arguments
        out.appendJSON(raw: "}")
    }

    mutating func finish(_ out: inout [UInt8], choice: Int, _ end: SimulatedFinish, _ usage: SimulatedUsage) {
        begin(&out)
        out.appendJSON(raw: "{\"text\":\"\"")
        endPart(&out, choice: choice)
        self.end(&out, choice: choice, end)
    }

    func usage(_ out: inout [UInt8], _ usage: SimulatedUsage) {}

    /// Bare among the events, over several lines, as Google's servers put it there.
    mutating func error(_ out: inout [UInt8]) {
        if !isEventStream { beginFrame(&out) }
        out.appendJSON(raw: "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"Simulated error.\",\n")
        out.appendJSON(raw: "    \"status\": \"UNAVAILABLE\"\n  }\n}\n")
    }

    mutating func garbage(_ out: inout [UInt8]) {
        beginFrame(&out)
        out.appendJSON(raw: "{\"candidates\":,garbage ")
        out += [0xFF, 0xFE]
        out.appendJSON(raw: "}")
        endFrame(&out)
    }

    var endsWithFinish: Bool { true }

    func done(_ out: inout [UInt8], afterError: Bool) {
        guard !isEventStream else { return }
        if !hasBegun { out.appendJSON(raw: "[") }
        out.appendJSON(raw: "]")
    }

    // MARK: whole

    mutating func whole(_ answers: inout [SimulatedAnswer], promptTokens: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"candidates\":[")
        for index in answers.indices {
            if index > 0 { out.appendJSON(raw: ",") }
            out.appendJSON(raw: "{\"content\":{\"role\":\"model\",\"parts\":[")
            parts(&out, choice: index, WholeAnswer(&answers[index]))
            out.appendJSON(raw: "]}")
            candidate(&out, choice: index, answers[index].finish)
            thoughts += answers[index].reasoningTokens
            tokens += answers[index].tokens - answers[index].reasoningTokens
        }
        out.appendJSON(raw: "]")
        tail(&out)
        return out
    }

    private mutating func parts(_ out: inout [UInt8], choice: Int, _ answer: WholeAnswer) {
        if !answer.reasoning.isEmpty {
            isUnsigned[choice] = true
            out.appendJSON(raw: "{\"text\":")
            out.appendJSON(string: answer.reasoning.span)
            out.appendJSON(raw: ",\"thought\":true},")
        }
        // What the limit cut off is no call.
        let calls = answer.calls.filter { (try? JSONValue(parsing: $0.arguments)) != nil }
        if calls.isEmpty {
            out.appendJSON(raw: "{\"text\":")
            out.appendJSON(string: answer.text.span)
            endPart(&out, choice: choice)
        }
        for (place, each) in calls.enumerated() {
            if place > 0 { out.appendJSON(raw: ",") }
            Self.call(&out, each.call, each.arguments)
            endPart(&out, choice: choice)
        }
    }
}
