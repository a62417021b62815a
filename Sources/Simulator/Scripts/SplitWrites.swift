/// Cuts the writes of a stream into pieces that end anywhere: inside of events, lines and characters.
struct SplitWrites: Equatable, Sendable {
    private var stream: PacedStream
    private let split: SimulatedModel.Split
    private let pause: UInt64
    private var numbers: SeededNumbers
    private var pending: [UInt8] = []
    private var head = 0  // first byte of `pending` not yet written
    private var clock: UInt64 = 0  // when the next piece may go
    private var ahead: SimulatorStep?  // the stream's next step, its bytes in `aheadBytes`
    private var aheadBytes: [UInt8] = []

    init(_ stream: PacedStream, split: SimulatedModel.Split, pause: UInt64, seed: UInt64) {
        (self.stream, self.split, self.pause) = (stream, split, pause)
        numbers = SeededNumbers(seed: seed)
        pull()
    }

    private mutating func pull() {
        aheadBytes.removeAll(keepingCapacity: true)
        ahead = stream.next(into: &aheadBytes)
    }

    mutating func next(into out: inout [UInt8]) -> SimulatorStep? {
        let size =
            switch split {
            case .bytes(let count): count
            case .random: numbers.next(in: 1...64)
            }
        collect(atLeast: size)
        let count = min(size, pending.count - head)
        guard count > 0 else {
            guard let last = ahead else { return nil }
            pull()
            return SimulatorStep(due: max(clock, last.due), action: last.action)
        }
        out += pending[head..<(head + count)]
        head += count
        if head >= 4096 || head == pending.count {
            pending.removeFirst(head)
            head = 0
        }
        defer { clock += pause }
        return SimulatorStep(due: clock, action: .write)
    }

    /// Takes writes that are due already, so that a piece may begin in one event and end in the next.
    private mutating func collect(atLeast size: Int) {
        while let step = ahead, step.action == .write {
            let count = pending.count - head
            guard count == 0 || (count < size && step.due <= clock) else { return }
            clock = max(clock, step.due)
            pending += aheadBytes
            pull()
        }
    }
}
