/// The frames of a streamed answer in their order, without times and faults.
struct AnswerStream: Sendable {
    private var frames: any AnswerFrames
    private var answers: [SimulatedAnswer]
    private var isOver: [Bool]
    private var turn = 0
    private var opened = 0
    private var finished = 0
    private var isUsageDue = true
    private let promptTokens: Int

    init(frames: any AnswerFrames, answers: [SimulatedAnswer], promptTokens: Int) {
        (self.frames, self.answers, self.promptTokens) = (frames, answers, promptTokens)
        isOver = answers.map { _ in false }
    }

    /// Whether the same tokens follow.
    func isSame(as other: AnswerStream) -> Bool {
        answers == other.answers && isOver == other.isOver && turn == other.turn && opened == other.opened
            && finished == other.finished
    }

    /// One write of what comes before the first token; `false` when there is no more.
    mutating func open(_ out: inout [UInt8]) -> Bool {
        let start = out.count
        while opened < answers.count, out.count == start {
            frames.open(&out, choice: opened, isCalling: answers[opened].isCalling)
            opened += 1
        }
        return out.count > start
    }

    /// The next write of content, the choices taking turns.
    ///
    /// - Returns: The tokens it holds; 0 for what comes at the same time as the token behind it; `nil` when all is said.
    mutating func next(_ out: inout [UInt8]) -> Int? {
        let start = out.count
        var tokens = 0
        var silent = 0
        while silent < answers.count {
            let choice = turn
            turn = (turn + 1) % answers.count
            guard !isOver[choice], let piece = answers[choice].next() else {
                isOver[choice] = true
                silent += 1
                continue
            }
            silent = 0
            if case .token = piece { tokens += 1 }
            write(piece, choice: choice, &out)
            // Some dialects gather what others send piece by piece.
            if out.count > start { return tokens }
        }
        return tokens > 0 ? tokens : nil
    }

    private mutating func write(_ piece: SimulatedAnswer.Piece, choice: Int, _ out: inout [UInt8]) {
        switch piece {
        case .callStart(let call): frames.callStart(&out, choice: choice, call)
        case .token(let kind, let range):
            let bytes = answers[choice].bytes
            let text = bytes.span.extracting(range)
            switch kind {
            case .text: frames.text(&out, choice: choice, text)
            case .reasoning: frames.reasoning(&out, choice: choice, text)
            case .arguments(let call):
                frames.arguments(&out, choice: choice, call: call, text, isLast: answers[choice].isPartOver)
            }
        }
    }

    /// One write of what comes after the last token, the end mark not among it; `false` when there is no more.
    mutating func close(_ out: inout [UInt8]) -> Bool {
        let start = out.count
        while finished < answers.count, out.count == start {
            frames.finish(&out, choice: finished, answers[finished].finish, usage)
            finished += 1
        }
        if out.count == start, isUsageDue {
            isUsageDue = false
            frames.usage(&out, usage)
        }
        return out.count > start
    }

    private var usage: SimulatedUsage {
        var usage = SimulatedUsage(prompt: promptTokens)
        for answer in answers { usage.add(answer) }
        return usage
    }

    /// Whether the finish is the end mark.
    var endsWithFinish: Bool { frames.endsWithFinish }

    /// An error in the middle of the stream.
    mutating func error(_ out: inout [UInt8]) { frames.error(&out) }

    /// A frame that is neither JSON nor UTF-8.
    mutating func garbage(_ out: inout [UInt8]) { frames.garbage(&out) }

    /// What says that nothing follows; `false` where the dialect says nothing.
    mutating func done(_ out: inout [UInt8], afterError: Bool) -> Bool {
        let start = out.count
        frames.done(&out, afterError: afterError)
        return out.count > start
    }
}
