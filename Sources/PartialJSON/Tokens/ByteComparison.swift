extension Span<UInt8> {
    /// Whether both hold the same bytes. Sixteen at a step.
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        let (ours, theirs) = (bytes, other.bytes)
        var at = 0
        while at &+ 16 <= count {
            let difference =
                ours.unsafeLoadUnaligned(fromByteOffset: at, as: UInt128.self)
                ^ theirs.unsafeLoadUnaligned(fromByteOffset: at, as: UInt128.self)
            guard difference == 0 else { return false }
            at &+= 16
        }
        while at < count {
            guard self[at] == other[at] else { return false }
            at &+= 1
        }
        return true
    }
}
