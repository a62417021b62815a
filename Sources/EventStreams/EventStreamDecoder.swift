/// Reads an event stream as the WHATWG rule says, and shows what the rule hides: comments, lines outside of it, and
/// how the input ended.
///
/// Hand it bytes with `receive`, take items with `next` until it gives nil, say `finish` at the end of input and take
/// the rest. How the bytes were chunked never changes the items. Text is given as bytes: invalid UTF-8 becomes
/// U+FFFD where the caller decodes it.
///
/// Cost: linear in the bytes received; no line is searched twice; no allocation once its buffers have grown to the
/// longest event. Read items through `bytes.span` or `bytes[range]`: a kept copy of `bytes` makes the next `receive`
/// copy the buffer.
/// - SeeAlso: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
public struct EventStreamDecoder: Sendable {
    /// What the ranges of items index into.
    public private(set) var bytes: [UInt8] = []
    /// The last event ID, committed by the blank line that ended its block; empty when there is none.
    public private(set) var lastEventID: [UInt8] = []
    /// The last reconnection time accepted, in milliseconds; nil when there was none.
    public private(set) var retryMilliseconds: Int64?

    private let limits: EventStreamLimits
    /// First byte of the line being read.
    private var line = 0
    /// No byte of `line..<scanned` ends a line, so they are never searched again.
    private var scanned = 0
    /// The last line ended with CR: a LF that follows belongs to it.
    private var endedWithCarriageReturn = false
    private var hasPassedByteOrderMark = false
    private var isFinished = false
    private var hasEnded = false
    /// The input stopped inside a line that is no comment.
    private var lineWasCut = false
    private var failure: EventStreamError?

    /// The open block's data, joined in place where its lines stood; nil before its first data line.
    private var data: Range<Int>?
    /// The open block's type, where it stands before the data.
    private var type = 0..<0
    /// The open block's type, when its line came after data that the next data line would write over.
    ///
    /// `data.upperBound + lateType.count <= line` always holds, so that it can be put behind the data.
    private var lateType: [UInt8] = []
    /// The id of the open block, when it named one.
    private var pendingID: [UInt8] = []
    private var hasPendingID = false

    /// A decoder at the start of a stream.
    public init(limits: EventStreamLimits = .init()) { self.limits = limits }

    /// Takes the next bytes of the stream. Ignored once the decoder has failed; a fault of the caller after `finish`.
    ///
    /// - Complexity: O(`chunk.count`) on average.
    public mutating func receive(_ chunk: Span<UInt8>) {
        precondition(!isFinished, "no bytes come after the end of input")
        guard failure == nil else { return }
        compact()
        bytes.append(chunk)
    }

    /// Says that no bytes follow; `next` then gives what is left, and `.end`.
    public mutating func finish() { isFinished = true }

    /// The next item; nil when more bytes are needed or, after `.end`, nothing more comes.
    public mutating func next() throws(EventStreamError) -> EventStreamItem? {
        if let failure { throw failure }
        guard hasPassedByteOrderMark || passByteOrderMark() else { return nil }
        while let line = try takeLine() {
            if let item = try accept(line) { return item }
        }
        return isFinished ? try takeEnd() : nil
    }

    /// Data of the block in which the input stopped, joined as in an event; nil before `.end(unfinished: true)` and
    /// when that block holds no data.
    ///
    /// The standard drops such a block. Some providers leave out the last blank line or even the last line end: take
    /// it when it is whole by its own rules (parses as JSON, is `[DONE]`), never because it is there.
    public var unfinishedData: Range<Int>? { hasEnded ? data : nil }

    /// Type of the block in which the input stopped; empty for `message`, nil where `unfinishedData` is nil.
    public var unfinishedType: Range<Int>? { unfinishedData == nil ? nil : type }
}

// MARK: - Lines

extension EventStreamDecoder {
    /// Drops one leading BOM; false while it cannot be told yet.
    private mutating func passByteOrderMark() -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let isMark = bytes.starts(with: mark)
        guard isMark || isFinished || !mark.starts(with: bytes) else { return false }
        if isMark { (line, scanned) = (3, 3) }
        hasPassedByteOrderMark = true
        return true
    }

    /// The next whole line without its end; nil when there is none yet. Ends are LF, CR and CRLF.
    private mutating func takeLine() throws(EventStreamError) -> Range<Int>? {
        if endedWithCarriageReturn, line < bytes.count {
            endedWithCarriageReturn = false
            if bytes[line] == LineEnd.lineFeed { (line, scanned) = (line + 1, line + 1) }
        }
        let end = bytes.span.firstLineEnd(from: scanned)
        scanned = end ?? bytes.count
        guard scanned - line <= limits.lineBytes else { throw fail(.lineTooLong(limit: limits.lineBytes)) }
        guard let end else { return nil }
        let taken = line..<end
        // A CR ends the line at once: waiting for the LF that may follow would hold the event back.
        endedWithCarriageReturn = bytes[end] == LineEnd.carriageReturn
        (line, scanned) = (end + 1, end + 1)
        return taken
    }

    private mutating func fail(_ error: EventStreamError) -> EventStreamError {
        failure = error
        bytes = []
        return error
    }
}

// MARK: - Fields

extension EventStreamDecoder {
    private mutating func accept(_ line: Range<Int>) throws(EventStreamError) -> EventStreamItem? {
        if line.isEmpty { return dispatch() }
        let field = EventStreamField(line: line, in: bytes.span)
        switch field.name {
        case .comment: return .comment(field.value)
        case .data: try append(field.value)
        case .event: setType(field.value)
        case .id: setID(field.value)
        case .retry: setRetry(field.value)
        case .unknown: return .stray(line)
        }
        return nil
    }

    private mutating func append(_ value: Range<Int>) throws(EventStreamError) {
        let count = (data.map { $0.count + 1 } ?? 0) + value.count
        guard count <= limits.eventBytes else { throw fail(.eventTooLong(limit: limits.eventBytes)) }
        guard let former = data else {
            data = value
            return
        }
        bytes[former.upperBound] = LineEnd.lineFeed
        bytes.move(value, to: former.upperBound + 1)
        data = former.lowerBound..<former.upperBound + 1 + value.count
    }

    private mutating func setType(_ value: Range<Int>) {
        lateType.removeAll(keepingCapacity: true)
        guard data == nil else {
            type = 0..<0
            lateType.append(contentsOf: bytes[value])
            return
        }
        type = value
    }

    private mutating func setID(_ value: Range<Int>) {
        guard !bytes[value].contains(0) else { return }
        pendingID.removeAll(keepingCapacity: true)
        pendingID.append(contentsOf: bytes[value])
        hasPendingID = true
    }

    private mutating func setRetry(_ value: Range<Int>) {
        if let time = Int64(retryDigits: bytes[value]) { retryMilliseconds = time }
    }
}

// MARK: - Blocks

extension EventStreamDecoder {
    /// Ends the open block at its blank line.
    private mutating func dispatch() -> EventStreamItem? {
        if hasPendingID {
            swap(&pendingID, &lastEventID)
            hasPendingID = false
        }
        placeLateType()
        defer { (data, type) = (nil, 0..<0) }
        return data.map { .event(type: type, data: $0) }
    }

    private mutating func placeLateType() {
        guard !lateType.isEmpty, let data else { return }
        type = data.upperBound..<data.upperBound + lateType.count
        bytes.replaceSubrange(type, with: lateType)
        lateType.removeAll(keepingCapacity: true)
    }

    /// What follows the last whole line: a line without its end, then `.end` once.
    private mutating func takeEnd() throws(EventStreamError) -> EventStreamItem? {
        guard !hasEnded else { return nil }
        if line < bytes.count, let item = try acceptCutLine() { return item }
        hasEnded = true
        placeLateType()
        return .end(unfinished: lineWasCut || data != nil || !type.isEmpty || hasPendingID)
    }

    /// Shows a line that the input cut. Its retry time and id are not taken: they may lack digits.
    private mutating func acceptCutLine() throws(EventStreamError) -> EventStreamItem? {
        let rest = line..<bytes.count
        (line, scanned) = (rest.upperBound, rest.upperBound)
        let field = EventStreamField(line: rest, in: bytes.span)
        lineWasCut = field.name != .comment
        switch field.name {
        case .comment, .unknown, .data, .event: return try accept(rest)
        case .id, .retry: return nil
        }
    }

    /// Makes room: the open block and the unread bytes move to the front when that frees more than it moves.
    ///
    /// What lies between them (comments, field names) goes too; a block that never ends is bounded by the limits.
    private mutating func compact() {
        let kept = type.count + (data?.count ?? 0) + lateType.count
        let rest = line..<bytes.count
        let live = kept + rest.count
        guard bytes.count > live, bytes.count - live >= live else { return }
        bytes.move(type, to: 0)
        type = 0..<type.count
        if let former = data {
            bytes.move(former, to: type.upperBound)
            data = type.upperBound..<type.upperBound + former.count
        }
        bytes.move(rest, to: kept)
        bytes.removeLast(bytes.count - live)
        scanned -= line - kept
        line = kept
    }
}
