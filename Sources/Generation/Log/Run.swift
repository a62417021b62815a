/// Consecutive deltas of one block with equal extras, or one other event.
///
/// An object, so that reading one and moving one up costs a reference. A log changes only those that are its alone, and
/// copies what it shares with another log before.
final class Run: @unchecked Sendable {
    /// Number of its first event.
    private(set) var first: UInt64
    /// For a run of deltas, what each of them is.
    private var body: LoggedEvent.Body
    private let isDeltas: Bool
    private let block: Int
    private let extras: Extras?
    private let endsFrame: Bool
    /// The deltas' bytes, one after the other.
    var bytes: [UInt8] = []
    /// Where each delta ends in `bytes`.
    var ends: [UInt32] = []
    private var isForgotten = false

    init(first: UInt64, event: GenerationEvent, extras: Extras?, endsFrame: Bool) {
        (self.first, body, self.extras, self.endsFrame) = (first, .event(event), extras, endsFrame)
        (isDeltas, block) = (false, -1)
    }

    init(first: UInt64, block: Int, kind: BlockKind, extras: Extras?, endsFrame: Bool) {
        (self.first, self.extras, self.endsFrame) = (first, extras, endsFrame)
        (isDeltas, self.block, body) = (true, block, .delta(block: block, kind: kind))
    }

    /// The same, to be changed apart.
    init(copying run: Run) {
        (first, body, isDeltas, block) = (run.first, run.body, run.isDeltas, run.block)
        (extras, endsFrame, bytes, ends) = (run.extras, run.endsFrame, run.bytes, run.ends)
        isForgotten = run.isForgotten
    }

    private var count: Int { isDeltas ? ends.count : isForgotten ? 0 : 1 }

    /// Number of the first event after it.
    var end: UInt64 { first + UInt64(count) }

    /// Whether one more delta may join. A frame of several events stays as it is, so its deltas run alone; and a
    /// delta behind half a surrogate pair begins a run of its own: joined here, the character would be cut in two
    /// for readers who take event by event.
    func takes(block: Int, extras: Extras?, endsFrame: Bool) -> Bool {
        isDeltas && self.block == block && endsFrame && self.endsFrame && self.extras == extras
            && extras?.isConstant != false && bytes.count < 1 << 30 && !WTF8.endsInHighSurrogate(bytes)
    }

    /// Lends the event `sequence`, merged with those after it up to `limit` as far as `merge` bytes allow.
    ///
    /// - Returns: Number of the last event lent.
    func lend(
        from sequence: UInt64, through limit: UInt64, merge: Int, _ take: (LoggedEvent, Span<UInt8>) -> Void
    ) -> UInt64 {
        let bytes = bytes
        guard isDeltas else {
            take(LoggedEvent(first: first, last: first, body: body, extras: extras, endsFrame: endsFrame), bytes.span)
            return first
        }
        let index = Int(sequence - first)
        let start = index == 0 ? 0 : Int(ends[index - 1])
        var last = index
        if merge > 0, endsFrame {
            let most = Int(min(limit, end - 1) - first)
            while last < most, Int(ends[last + 1]) - start <= merge { last += 1 }
        }
        let item = LoggedEvent(
            first: sequence, last: first + UInt64(last), body: body, extras: extras, endsFrame: endsFrame)
        take(item, bytes.span.extracting(start..<Int(ends[last])))
        return first + UInt64(last)
    }

    /// As `lend`, with where each delta ends in the bytes lent: `ends`, counted from `base`. For any other event `ends`
    /// is empty.
    func lendWithEnds(
        from sequence: UInt64, through limit: UInt64, merge: Int,
        _ take: (LoggedEvent, Span<UInt8>, _ ends: Span<UInt32>, _ base: UInt32) -> Void
    ) -> UInt64 {
        let (first, ends) = (first, ends)
        return lend(from: sequence, through: limit, merge: merge) { item, text in
            let from = Int(truncatingIfNeeded: item.first &- first)
            let through = Int(truncatingIfNeeded: item.last &- first)
            guard isDeltas else { return take(item, text, ends.span.extracting(0..<0), 0) }
            take(item, text, ends.span.extracting(from..<through + 1), from == 0 ? 0 : ends[from - 1])
        }
    }

    /// Bytes of its deltas from event `sequence` on.
    func bytes(from sequence: UInt64) -> Int {
        guard sequence > first else { return bytes.count }
        guard sequence < end, isDeltas else { return 0 }
        return bytes.count - Int(ends[Int(sequence - first) - 1])
    }

    /// Drops the deltas after event `sequence`.
    func truncate(after sequence: UInt64) {
        guard isDeltas, end > sequence + 1 else { return }
        ends.removeLast(Int(end - 1 - sequence))
        bytes.removeLast(bytes.count - Int(ends.last ?? 0))
    }

    /// Drops all its events and keeps its buffers.
    func empty() {
        first = end
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        if !isDeltas { body = .delta(block: block, kind: .text) }
        isForgotten = true
    }
}
