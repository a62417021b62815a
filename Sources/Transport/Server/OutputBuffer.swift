import Glibc

/// Bytes on their way to a socket: one buffer, appended to at its end and sent from its start.
///
/// The present chunk of a chunked body stays open, so that all payloads of a turn travel in one; its size is written
/// before it when it is sealed:
/// ```
/// | sent … | unsent … | reserved: size CR LF | payload … |
///          ^head      ^chunk
/// ```
struct OutputBuffer {
    private var bytes: [UInt8] = []
    private var head = 0
    private var chunk = -1
    /// Eight digits and CR LF: a chunk of up to 4 GiB.
    private static let reserved = 10
    /// An emptied buffer of up to this much is kept for others.
    private static let kept = 64 << 10
    /// So many of them.
    private static let spares = 16
    /// Sent bytes in front are moved away when there are more than this.
    private static let shifted = 64 << 10

    /// Bytes that were not sent, the open chunk's among them.
    var count: Int { bytes.count - head }
    var isEmpty: Bool { head == bytes.count }

    /// Appends bytes that are no part of a chunk.
    mutating func append(_ fill: (inout [UInt8]) -> Void) {
        sealChunk()
        fill(&bytes)
    }

    /// Appends payload to the open chunk, or opens one.
    mutating func appendToChunk(_ fill: (inout [UInt8]) -> Void) {
        if chunk < 0 {
            chunk = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: Self.reserved))
        }
        fill(&bytes)
    }

    /// Ends the open chunk and writes its size before it; a chunk without payload vanishes. Moves the shorter of what
    /// stands before the chunk and its payload, by the few bytes that the size does not need.
    mutating func sealChunk() {
        guard chunk >= 0 else { return }
        let payload = bytes.count - chunk - Self.reserved
        let (start, end) = (chunk, bytes.count)
        chunk = -1
        guard payload > 0 else { return bytes.removeLast(Self.reserved) }
        let gap = writeSize(payload, endingAt: start + Self.reserved)
        if start - head <= payload {
            move(head..<start, by: gap)
            head += gap
        } else {
            move(start + gap..<end, by: -gap)
            bytes.removeLast(gap)
        }
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    /// - Returns: How many of the reserved bytes were not needed.
    private mutating func writeSize(_ payload: Int, endingAt end: Int) -> Int {
        bytes[end - 1] = 0x0A
        bytes[end - 2] = 0x0D
        var (left, place) = (payload, end - 2)
        while left > 0 {
            place -= 1
            let digit = UInt8(truncatingIfNeeded: left & 15)
            bytes[place] = digit < 10 ? 0x30 + digit : 0x57 + digit
            left >>= 4
        }
        return place - (end - Self.reserved)
    }

    private mutating func move(_ range: Range<Int>, by distance: Int) {
        guard !range.isEmpty, distance != 0 else { return }
        bytes.withUnsafeMutableBytes {
            let source = $0.baseAddress! + range.lowerBound
            memmove(source + distance, source, range.count)
        }
    }

    /// Lends what was not sent; its open chunk must be sealed.
    func withUnsent<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[head...])) }
    }

    /// Drops `sent` bytes from the front.
    mutating func consume(_ sent: Int) {
        head += sent
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            (head, chunk) = (0, -1)
        } else if head > Self.shifted, head > bytes.count / 2 {
            bytes.removeFirst(head)
            head = 0
        }
    }

    /// Drops everything.
    mutating func clear() { (bytes, head, chunk) = ([], 0, -1) }

    // MARK: Memory

    /// Takes over an empty buffer's memory, where it has none itself.
    mutating func borrow(from spare: inout [[UInt8]]) {
        if bytes.capacity == 0, let buffer = spare.popLast() { bytes = buffer }
    }

    /// Gives its memory away when it is empty: a stream between two tokens holds none.
    mutating func giveBack(to spare: inout [[UInt8]]) {
        guard isEmpty, bytes.capacity > 0 else { return }
        if bytes.capacity <= Self.kept, spare.count < Self.spares {
            bytes.removeAll(keepingCapacity: true)
            spare.append(bytes)
        }
        clear()
    }
}
