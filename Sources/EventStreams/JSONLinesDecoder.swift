/// Splits newline-delimited JSON into its documents, one a line, ended by LF or CRLF.
///
/// Lines that hold only white space are skipped (heartbeats). The bytes of a document are not looked at beyond that.
/// Cost: linear in the bytes received; no byte is searched twice; no allocation once the buffer has grown.
public struct JSONLinesDecoder: Sendable {
    /// What the ranges given by `next` index into.
    public private(set) var bytes: [UInt8] = []

    private let limit: Int
    /// First byte of the line being read.
    private var line = 0
    /// `line..<scanned` holds no LF.
    private var scanned = 0
    private var isFinished = false
    private var failure: EventStreamError?

    /// - Parameter limits: Only `lineBytes` matters here; it counts white space too.
    public init(limits: EventStreamLimits = .init()) { limit = limits.lineBytes }

    /// Takes the next bytes. Ignored once the decoder has failed; a fault of the caller after `finish`.
    public mutating func receive(_ chunk: Span<UInt8>) {
        precondition(!isFinished, "no bytes come after the end of input")
        guard failure == nil else { return }
        let dropped = bytes.dropFront(line)
        (line, scanned) = (line - dropped, scanned - dropped)
        bytes.append(chunk)
    }

    /// Says that no bytes follow; a last line without its end is then given too, whole or cut.
    public mutating func finish() { isFinished = true }

    /// Where the next document stands in `bytes`, valid until the next call; nil when no whole line is there.
    public mutating func next() throws(EventStreamError) -> Range<Int>? {
        if let failure { throw failure }
        while let taken = try takeLine() {
            let document = trimmed(taken)
            if !document.isEmpty { return document }
        }
        return nil
    }

    private mutating func takeLine() throws(EventStreamError) -> Range<Int>? {
        let end = bytes.span.firstLineFeed(from: scanned)
        scanned = end ?? bytes.count
        guard scanned - line <= limit else {
            failure = .lineTooLong(limit: limit)
            bytes = []
            throw .lineTooLong(limit: limit)
        }
        guard end != nil || (isFinished && line < scanned) else { return nil }
        let taken = line..<scanned
        line = end.map { $0 + 1 } ?? scanned
        scanned = line
        return taken
    }

    private func trimmed(_ line: Range<Int>) -> Range<Int> {
        var (start, end) = (line.lowerBound, line.upperBound)
        while start < end, bytes[start].isJSONWhiteSpace { start += 1 }
        while start < end, bytes[end - 1].isJSONWhiteSpace { end -= 1 }
        return start..<end
    }
}

extension UInt8 {
    /// Whether this is space, tab, LF or CR: what RFC 8259 allows between tokens.
    var isJSONWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
