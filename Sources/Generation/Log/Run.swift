/// Consecutive deltas of one block with equal extras, or one other event.
struct Run: Sendable {
    /// Number of its first event.
    private(set) var first: UInt64
    /// Nil for a run of deltas.
    private let event: GenerationEvent?
    /// Asked for every token: the event itself is costly to copy.
    private let isDeltas: Bool
    private let block: Int
    private let kind: BlockKind
    private let extras: Extras?
    private let endsFrame: Bool
    /// The deltas' bytes, one after the other.
    var bytes: [UInt8] = []
    /// Where each delta ends in `bytes`.
    var ends: [UInt32] = []
    private var isForgotten = false

    init(first: UInt64, event: GenerationEvent, extras: Extras?, endsFrame: Bool) {
        (self.first, self.event, self.extras, self.endsFrame) = (first, event, extras, endsFrame)
        (block, kind, isDeltas) = (-1, .text, false)
    }

    init(first: UInt64, block: Int, kind: BlockKind, extras: Extras?, endsFrame: Bool) {
        (self.first, self.block, self.kind) = (first, block, kind)
        (self.extras, self.endsFrame, event) = (extras, endsFrame, nil)
        isDeltas = true
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
        from sequence: UInt64, through limit: UInt64, merge: Int, _ body: (LoggedEvent, Span<UInt8>) -> Void
    ) -> UInt64 {
        if !isDeltas, let event {
            let item = LoggedEvent(
                first: first, last: first, body: .event(event), extras: extras, endsFrame: endsFrame)
            body(item, bytes.span)
            return first
        }
        let index = Int(sequence - first)
        let start = index == 0 ? 0 : Int(ends[index - 1])
        var last = index
        let most = Int(min(limit, end - 1) - first)
        while endsFrame, last < most, Int(ends[last + 1]) - start <= merge { last += 1 }
        let item = LoggedEvent(
            first: sequence, last: first + UInt64(last), body: .delta(block: block, kind: kind), extras: extras,
            endsFrame: endsFrame)
        body(item, bytes.span.extracting(start..<Int(ends[last])))
        return first + UInt64(last)
    }

    /// Bytes of its deltas from event `sequence` on.
    func bytes(from sequence: UInt64) -> Int {
        guard sequence > first else { return bytes.count }
        guard sequence < end, isDeltas else { return 0 }
        return bytes.count - Int(ends[Int(sequence - first) - 1])
    }

    /// Drops the deltas after event `sequence`.
    mutating func truncate(after sequence: UInt64) {
        guard isDeltas, end > sequence + 1 else { return }
        ends.removeLast(Int(end - 1 - sequence))
        bytes.removeLast(bytes.count - Int(ends.last ?? 0))
    }

    /// Drops all its events and keeps its buffers.
    mutating func empty() {
        first = end
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        isForgotten = true
    }
}
