/// Collects CRLF-ended lines across inputs: a head's, or those behind the last chunk.
///
/// The lines stay in one buffer, so that a head's fields can be ranges of it. Every byte is looked at once. Errors
/// depend on the bytes alone, never on how they were cut.
struct LineBuffer: Sendable {
    private(set) var bytes: [UInt8] = []
    private var lineStart = 0
    private var isReturnLast = false

    var isEmpty: Bool { bytes.isEmpty }

    /// Reads up to the next line's end. All lines together may take `limit` bytes; past it `excess` is thrown. The
    /// line comes without its end, as a range of `bytes`; nil when the input is used up before.
    mutating func nextLine(
        _ input: Span<UInt8>, from position: inout Int, limit: Int, excess: HTTPError
    ) throws(HTTPError) -> Range<Int>? {
        let start = position
        let room = limit > bytes.count ? limit &- bytes.count : 0
        let end = start &+ min(input.count &- start, room)
        var at = start
        while at < end {
            if !isReturnLast {
                at = input.lineTextEnd(from: at, to: end)
                guard at < end else { break }
                guard input[at] == .carriageReturn else {
                    throw input[at] == .lineFeed ? .bareLineFeed : .controlByte
                }
                isReturnLast = true
                at &+= 1
            } else {
                guard input[at] == .lineFeed else { throw .bareCarriageReturn }
                isReturnLast = false
                position = at &+ 1
                take(input, start..<position)
                let line = lineStart..<(bytes.count &- 2)
                lineStart = bytes.count
                return line
            }
        }
        position = at
        take(input, start..<at)
        guard bytes.count < limit else { throw excess }
        return nil
    }

    private mutating func take(_ input: Span<UInt8>, _ range: Range<Int>) {
        // A head usually comes whole: room for all of it at once.
        if bytes.isEmpty { bytes.reserveCapacity(min(input.count &- range.lowerBound, 2048)) }
        input.withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// Forgets all lines; hands their bytes over.
    mutating func removeAll() -> [UInt8] {
        defer { self = LineBuffer() }
        return bytes
    }
}
