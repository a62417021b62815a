/// Finds where the text of a line ends, eight bytes at a time.
extension Span<UInt8> {
    /// The first index from `start` whose byte no line may hold; `end` when there is none before it.
    @inline(__always)
    func lineTextEnd(from start: Int, to end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = start
        while at < end {
            if end &- at >= 8 {
                let eight = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
                let deletes = eight ^ (ones &* 0x7F)
                // Bit 7 of the lowest byte that is a control byte; a borrow may set bits above it, never below.
                let hits = ((eight &- ones &* 0x20) & ~eight | (deletes &- ones) & ~deletes) & (ones &* 0x80)
                guard hits != 0 else {
                    at &+= 8
                    continue
                }
                at &+= hits.trailingZeroBitCount &>> 3
            }
            guard self[at].isLineText else { return at }
            at &+= 1
        }
        return end
    }
}
