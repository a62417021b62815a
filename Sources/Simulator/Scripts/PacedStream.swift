/// A stream with its times and its faults: one step for each frame.
struct PacedStream: Equatable, Sendable {
    private enum Phase: Equatable {
        case opening, content, closing, done, end, over
    }

    // Not an enum with payloads: those would be copied at every token.
    private var answer: AnswerStream?
    private var recorded: RecordedStream?
    /// Writes the faults of a recording.
    private var frames: (any AnswerFrames)?
    private let firstToken: UInt64
    private let interval: UInt64
    private var faults: ArraySlice<(position: Int, fault: SimulatedModel.Fault)>
    private let omitsDone: Bool
    private var phase = Phase.opening
    private var tokens = 0
    private var hasFailed = false

    init(answer: AnswerStream, model: SimulatedModel, isFaulty: Bool) {
        self.answer = answer
        firstToken = model.firstToken ?? SimulatedModel.defaultFirstToken
        interval = model.interval ?? SimulatedModel.defaultInterval
        faults = isFaulty ? model.faults[...] : []
        omitsDone = isFaulty && model.omitsDone
    }

    /// Without pauses, unless the model's name gives some.
    init(recorded: RecordedStream, frames: any AnswerFrames, model: SimulatedModel, isFaulty: Bool) {
        (self.recorded, self.frames) = (recorded, frames)
        firstToken = model.firstToken ?? 0
        interval = model.interval ?? 0
        faults = isFaulty ? model.faults[...] : []
        omitsDone = true
    }

    static func == (left: Self, right: Self) -> Bool {
        let isSame =
            switch (left.answer, right.answer) {
            case (let left?, let right?): left.isSame(as: right)
            case (nil, nil): true
            case (.some, nil), (nil, .some): false
            }
        return isSame && left.recorded == right.recorded && left.phase == right.phase
            && left.tokens == right.tokens && left.faults.elementsEqual(right.faults, by: ==)
    }

    /// - Returns: `nil` when there is nothing more to do.
    mutating func next(into out: inout [UInt8]) -> SimulatorStep? {
        while true {
            let due = firstToken + UInt64(tokens) * interval
            switch phase {
            case .opening:
                if answer?.open(&out) == true { return SimulatorStep(due: due, action: .write) }
                phase = .content
            case .content:
                if let fault = takeFault() { return SimulatorStep(due: due, action: perform(fault, &out)) }
                let start = out.count
                if let count = nextTokens(&out) {
                    tokens += count
                    if out.count > start { return SimulatorStep(due: due, action: .write) }
                } else {
                    phase = .closing
                }
            case .closing:
                if omitsDone, answer?.endsWithFinish == true {
                    phase = .end
                    continue
                }
                if answer?.close(&out) == true { return SimulatorStep(due: due, action: .write) }
                phase = omitsDone ? .end : .done
            case .done:
                phase = .end
                if answer?.done(&out, afterError: hasFailed) == true {
                    return SimulatorStep(due: due, action: .write)
                }
            case .end:
                phase = .over
                return SimulatorStep(due: due, action: .end)
            case .over:
                return nil
            }
        }
    }

    private mutating func nextTokens(_ out: inout [UInt8]) -> Int? {
        if answer != nil { return answer?.next(&out) }
        return recorded?.next(&out) == true ? 1 : nil
    }

    private mutating func takeFault() -> SimulatedModel.Fault? {
        guard let next = faults.first, next.position <= tokens else { return nil }
        faults = faults.dropFirst()
        return next.fault
    }

    private mutating func perform(_ fault: SimulatedModel.Fault, _ out: inout [UInt8]) -> SimulatorStep.Action {
        switch fault {
        case .reset, .cut, .stall:
            phase = .over
            return fault == .reset ? .reset : fault == .cut ? .cut : .stall
        case .error:
            (phase, hasFailed) = (omitsDone ? .end : .done, true)
            answer?.error(&out)
            frames?.error(&out)
        case .garbage:
            answer?.garbage(&out)
            frames?.garbage(&out)
        }
        return .write
    }
}
