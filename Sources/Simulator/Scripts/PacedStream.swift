/// A stream with its times and its faults: one step for each frame.
struct PacedStream: Equatable, Sendable {
    private enum Phase: Equatable {
        case opening, content, closing, done, end, over
    }

    // Not an enum with payloads: those would be copied at every token.
    private var chat: ChatStream?
    private var recorded: RecordedStream?
    private let firstToken: UInt64
    private let interval: UInt64
    private var faults: ArraySlice<(position: Int, fault: SimulatedModel.Fault)>
    private let omitsDone: Bool
    private var phase = Phase.opening
    private var tokens = 0

    init(chat: ChatStream, model: SimulatedModel, isFaulty: Bool) {
        self.chat = chat
        firstToken = model.firstToken ?? SimulatedModel.defaultFirstToken
        interval = model.interval ?? SimulatedModel.defaultInterval
        faults = isFaulty ? model.faults[...] : []
        omitsDone = isFaulty && model.omitsDone
    }

    /// Without pauses, unless the model's name gives some.
    init(recorded: RecordedStream, model: SimulatedModel, isFaulty: Bool) {
        self.recorded = recorded
        firstToken = model.firstToken ?? 0
        interval = model.interval ?? 0
        faults = isFaulty ? model.faults[...] : []
        omitsDone = true
    }

    static func == (left: Self, right: Self) -> Bool {
        left.chat == right.chat && left.recorded == right.recorded && left.phase == right.phase
            && left.tokens == right.tokens && left.faults.elementsEqual(right.faults, by: ==)
    }

    /// - Returns: `nil` when there is nothing more to do.
    mutating func next(into out: inout [UInt8]) -> SimulatorStep? {
        while true {
            let due = firstToken + UInt64(tokens) * interval
            switch phase {
            case .opening:
                if chat?.open(&out) == true { return SimulatorStep(due: due, action: .write) }
                phase = .content
            case .content:
                if let fault = takeFault() { return SimulatorStep(due: due, action: perform(fault, &out)) }
                if let unit = nextUnit(&out) {
                    if unit == .token { tokens += 1 }
                    return SimulatorStep(due: due, action: .write)
                }
                phase = .closing
            case .closing:
                if chat?.close(&out) == true { return SimulatorStep(due: due, action: .write) }
                phase = omitsDone ? .end : .done
            case .done:
                phase = .end
                ChatFrames.done(&out)
                return SimulatorStep(due: due, action: .write)
            case .end:
                phase = .over
                return SimulatorStep(due: due, action: .end)
            case .over:
                return nil
            }
        }
    }

    private mutating func nextUnit(_ out: inout [UInt8]) -> StreamUnit? {
        if chat != nil { return chat?.next(&out) }
        return recorded?.next(&out) == true ? .token : nil
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
            phase = omitsDone ? .end : .done
            ChatFrames.error(&out)
        case .garbage: ChatFrames.garbage(&out)
        }
        return .write
    }
}
