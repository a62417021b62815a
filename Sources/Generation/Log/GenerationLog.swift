/// The events of one generation in memory, numbered 1, 2, 3…
///
/// A list of runs: consecutive deltas of one block share one byte buffer with an end offset per event; any other event
/// is a run by itself.
///
/// ```
/// run     first  event            bytes          ends
///  0        1    generationStart
///  1        2    blockStart
///  2        3    –                H e l l o ␣ w  3 5 7      events 3, 4 and 5
///  3        6    blockEnd
/// ```
/// Appending and reading at the tail are O(1) and, within a block, allocate nothing but the buffer's growth.
public struct GenerationLog: Sendable {
    private var runs: [Run] = []
    /// Number of `runs[0]`, counted from the log's beginning.
    private var firstRun = 0
    /// Number of the last event appended.
    public private(set) var lastSequence: UInt64 = 0
    /// Number of the last event that readers may see; behind `lastSequence` only while events are held.
    public private(set) var visibleSequence: UInt64 = 0
    /// Payload bytes ever appended, extras included.
    public private(set) var appendedBytes = 0
    /// Bytes of deltas ever appended.
    public private(set) var textBytes = 0
    private var appendedRuns = 0
    private var isHolding = false

    /// Empty; the first event appended gets number 1.
    public init() {}

    /// Events appended but still held back.
    public var heldCount: Int { Int(lastSequence - visibleSequence) }

    // MARK: Appending

    /// Appends one event that is no delta. A delta given here is appended as one.
    ///
    /// - Parameters:
    ///   - event: Not checked against `EventGrammar`.
    ///   - extras: Members of the provider's frame that `event` has no place for.
    ///   - endsFrame: Whether the provider's frame ends with it.
    public mutating func append(_ event: GenerationEvent, extras: Extras? = nil, endsFrame: Bool = true) {
        if case .blockDelta(let block, let kind, let text) = event {
            appendDelta(block: block, kind: kind, extras: extras, endsFrame: endsFrame) { $0 += text.utf8 }
            return
        }
        appendedBytes += Self.payload(of: event) + (extras?.bytes.count ?? 0)
        appendedRuns += 1
        runs.append(Run(first: lastSequence + 1, event: event, extras: extras, endsFrame: endsFrame))
        advance()
    }

    /// Appends one delta; `write` puts its bytes straight into the run's buffer.
    public mutating func appendDelta(
        block: Int, kind: BlockKind, extras: Extras? = nil, endsFrame: Bool = true,
        _ write: (inout [UInt8]) -> Void
    ) {
        let tail = runs.count - 1
        if tail < 0 || !runs[tail].takes(block: block, extras: extras, endsFrame: endsFrame) {
            appendedBytes += extras?.bytes.count ?? 0
            appendedRuns += 1
            runs.append(
                Run(first: lastSequence + 1, block: block, kind: kind, extras: extras, endsFrame: endsFrame))
        }
        let run = ownRun(runs.count - 1)
        let before = run.bytes.count
        write(&run.bytes)
        let after = run.bytes.count
        run.ends.append(UInt32(truncatingIfNeeded: after))
        appendedBytes += after - before
        textBytes += after - before
        advance()
    }

    /// The run at a place, for changing it.
    private mutating func ownRun(_ place: Int) -> Run {
        if !isKnownUniquelyReferenced(&runs[place]) { runs[place] = Run(copying: runs[place]) }
        return runs[place]
    }

    /// Bytes that a limit counts: the payload, and what keeping each event and run costs beside it.
    public var accountedBytes: Int { appendedBytes + appendedRuns * 256 + Int(lastSequence) * 4 }

    /// Bytes of strings and raw JSON that an event brings along, as far as a peer can make them long.
    private static func payload(of event: GenerationEvent) -> Int {
        switch event {
        case .foreign(_, _, let bytes), .toolOutput(_, let bytes): bytes.count
        case .blockStart(let start): start.callID.utf8.count + start.name.utf8.count
        case .finish(_, let reason): reason.wire.utf8.count
        case .signature(_, let signature): signature.value.utf8.count
        case .citation(_, let citation):
            [citation.url, citation.title, citation.text].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        case .file(let file): file.data.utf8.count + (file.url?.utf8.count ?? 0)
        case .generationStart, .attempt, .blockDelta, .blockEnd, .usage, .progress, .notice, .generationEnd: 0
        }
    }

    private mutating func advance() {
        lastSequence += 1
        if !isHolding { visibleSequence = lastSequence }
    }

    // MARK: Holding

    /// Keeps what is appended from now on from readers, until `release` or `discardHeld`.
    public mutating func hold() { isHolding = true }

    /// Shows readers what was held, and what follows at once.
    public mutating func release() {
        isHolding = false
        visibleSequence = lastSequence
    }

    /// Forgets what was held, as if it had never been appended; goes on holding.
    public mutating func discardHeld() {
        while let last = runs.last, last.first > visibleSequence { runs.removeLast() }
        if !runs.isEmpty { ownRun(runs.count - 1).truncate(after: visibleSequence) }
        lastSequence = visibleSequence
    }

    // MARK: Reading

    /// Lends the event at `cursor` to `body` and moves the cursor past it.
    ///
    /// - Parameters:
    ///   - cursor: Of this log; standing at an event that `forget` gave up, it traps.
    ///   - merge: Deltas of one run are lent as one as long as they stay within this many bytes; 0 for none.
    ///   - body: Called at most once. The span holds a delta's bytes, is empty for any other event, and ends with it.
    /// - Returns: false when the cursor is at the tail: `body` was not called.
    public func read(
        _ cursor: inout LogCursor, merge: Int = 0, _ body: (LoggedEvent, Span<UInt8>) -> Void
    ) -> Bool {
        guard let place = place(of: &cursor) else { return false }
        cursor.next = runs[place].lend(from: cursor.next, through: visibleSequence, merge: merge, body) + 1
        return true
    }

    /// As `read`, with where each delta ends in the bytes lent: `ends`, counted from `base`; empty for any other event.
    func readWithEnds(
        _ cursor: inout LogCursor, merge: Int,
        _ body: (LoggedEvent, Span<UInt8>, _ ends: Span<UInt32>, _ base: UInt32) -> Void
    ) -> Bool {
        guard let place = place(of: &cursor) else { return false }
        cursor.next = runs[place].lendWithEnds(from: cursor.next, through: visibleSequence, merge: merge, body) + 1
        return true
    }

    /// The run at a cursor, which remembers it; nil at the tail.
    @inline(__always)
    private func place(of cursor: inout LogCursor) -> Int? {
        guard cursor.next <= visibleSequence else { return nil }
        var place = max(cursor.run - firstRun, 0)
        while place < runs.count, runs[place].end <= cursor.next { place += 1 }
        precondition(place < runs.count && runs[place].first <= cursor.next, "the event was given up to its reader")
        cursor.run = place + firstRun
        return place
    }

    /// Bytes of deltas between the cursor and the tail, as far as its own run tells; a hint for merging.
    public func bytesBehind(_ cursor: LogCursor) -> Int {
        guard cursor.next <= visibleSequence else { return 0 }
        var (place, bytes) = (max(cursor.run - firstRun, 0), 0)
        while place < runs.count {
            bytes += runs[place].bytes(from: cursor.next)
            place += 1
        }
        return bytes
    }

    /// Gives up what the only reader has taken; buffers are kept for what follows.
    public mutating func forget(through sequence: UInt64) {
        var whole = 0
        while whole < runs.count - 1, runs[whole].end <= sequence + 1 { whole += 1 }
        if whole > 0 { runs.removeFirst(whole) }
        firstRun += whole
        if runs.count == 1, runs[0].end == sequence + 1 { ownRun(0).empty() }
    }
}
