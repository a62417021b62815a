/// The frames of a streamed Chat answer in their order, without times and faults.
struct ChatStream: Equatable, Sendable {
    private let frames: ChatFrames
    private var answers: [SimulatedAnswer]
    private var isOver: [Bool]
    private var turn = 0
    private var opened = 0
    private var finished = 0
    private var isUsageDue: Bool
    private let promptTokens: Int

    init(frames: ChatFrames, answers: [SimulatedAnswer], includesUsage: Bool, promptTokens: Int) {
        (self.frames, self.answers, self.promptTokens) = (frames, answers, promptTokens)
        isOver = answers.map { _ in false }
        isUsageDue = includesUsage
    }

    /// One frame of what comes before the first token; `false` when there is no more.
    mutating func open(_ out: inout [UInt8]) -> Bool {
        guard opened < answers.count else { return false }
        frames.role(&out, choice: opened, isCalling: answers[opened].isCalling)
        opened += 1
        return true
    }

    /// The next frame of content, the choices taking turns; `nil` when all are over.
    mutating func next(_ out: inout [UInt8]) -> StreamUnit? {
        for _ in answers.indices {
            let choice = turn
            turn = (turn + 1) % answers.count
            if isOver[choice] { continue }
            guard let piece = answers[choice].next() else {
                isOver[choice] = true
                continue
            }
            return write(piece, choice: choice, &out)
        }
        return nil
    }

    private func write(_ piece: SimulatedAnswer.Piece, choice: Int, _ out: inout [UInt8]) -> StreamUnit {
        switch piece {
        case .callStart(let call, let id, let name):
            frames.callStart(&out, choice: choice, call: call, id: id, name: name)
            return .preparation
        case .token(let kind, let range):
            let bytes = answers[choice].bytes
            let text = bytes.span.extracting(range)
            switch kind {
            case .text: frames.text(&out, choice: choice, text)
            case .reasoning: frames.reasoning(&out, choice: choice, text)
            case .arguments(let call): frames.arguments(&out, choice: choice, call: call, text)
            }
            return .token
        }
    }

    /// One frame of what comes after the last token, `[DONE]` not among them; `false` when there is no more.
    mutating func close(_ out: inout [UInt8]) -> Bool {
        if finished < answers.count {
            frames.finish(&out, choice: finished, reason: answers[finished].finishReason)
            finished += 1
            return true
        }
        guard isUsageDue else { return false }
        isUsageDue = false
        var usage = SimulatedUsage(prompt: promptTokens)
        for answer in answers { usage.add(answer) }
        frames.usage(&out, usage)
        return true
    }
}

/// What one frame counts for.
enum StreamUnit: Equatable, Sendable {
    case token
    /// Comes at the same time as the token behind it.
    case preparation
}
