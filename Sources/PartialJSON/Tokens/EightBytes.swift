/// Looks at eight bytes of a string at once. Each test leaves bit 7 of the lowest byte that matches; above that one
/// the bits may be wrong (a borrow runs upwards), so only the lowest counts.
struct EightBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080
    let bytes: UInt64

    /// `start` has to be at least eight bytes before the end of `text`.
    @inline(__always)
    init(_ text: Span<UInt8>, at start: Int) {
        bytes = UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }

    @inline(__always)
    private func matches(_ byte: UInt8) -> UInt64 {
        let difference = bytes ^ (Self.ones &* UInt64(byte))
        return (difference &- Self.ones) & ~difference
    }

    @inline(__always)
    private var matchesControl: UInt64 { (bytes &- Self.ones &* 0x20) & ~bytes }

    /// How many bytes at the front need no look inside a JSON string being read: ASCII, neither control character,
    /// quote nor backslash.
    @inline(__always)
    var plainToRead: Int {
        let hits = (matches(.quote) | matches(.backslash) | matchesControl | bytes) & Self.tops
        return hits.trailingZeroBitCount &>> 3
    }

    /// How many bytes at the front pass unchanged into a JSON string being written: as above, and beyond ASCII
    /// whatever is not the lead byte 0xED, which alone begins surrogates.
    @inline(__always)
    var plainToWrite: Int {
        let hits = (matches(.quote) | matches(.backslash) | matchesControl | matches(0xED)) & Self.tops
        return hits.trailingZeroBitCount &>> 3
    }
}
