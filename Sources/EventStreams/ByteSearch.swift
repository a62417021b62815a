/// The bytes that end lines.
enum LineEnd {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
}

extension Span<UInt8> {
    /// The first LF or CR at or after `start`; nil when there is none. Sixteen bytes a step.
    func firstLineEnd(from start: Int) -> Int? {
        let raw = bytes
        var index = start
        while index &+ 16 <= count {
            let window = raw.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            let hits = (window .== LineEnd.lineFeed) .| (window .== LineEnd.carriageReturn)
            if let first = hits.firstSet { return index + first }
            index += 16
        }
        while index < count {
            if self[index] == LineEnd.lineFeed || self[index] == LineEnd.carriageReturn { return index }
            index += 1
        }
        return nil
    }

    /// The first LF at or after `start`; nil when there is none. Sixteen bytes a step.
    func firstLineFeed(from start: Int) -> Int? {
        let raw = bytes
        var index = start
        while index &+ 16 <= count {
            let window = raw.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            if let first = (window .== LineEnd.lineFeed).firstSet { return index + first }
            index += 16
        }
        while index < count {
            if self[index] == LineEnd.lineFeed { return index }
            index += 1
        }
        return nil
    }
}

extension SIMDMask<SIMD16<Int8>> {
    /// The first lane that is true; nil when none is. The standard library has no such reduction.
    fileprivate var firstSet: Int? {
        let lanes = unsafeBitCast(self, to: SIMD2<UInt64>.self)
        if lanes[0] != 0 { return UInt64(littleEndian: lanes[0]).trailingZeroBitCount >> 3 }
        if lanes[1] != 0 { return 8 + UInt64(littleEndian: lanes[1]).trailingZeroBitCount >> 3 }
        return nil
    }
}

extension [UInt8] {
    /// Appends a copy of `chunk`.
    mutating func append(_ chunk: Span<UInt8>) {
        chunk.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Copies the bytes of `range` to `target` and after; both may overlap. The new place must lie in the array.
    mutating func move(_ range: Range<Int>, to target: Int) {
        guard range.lowerBound != target, !range.isEmpty else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= count && target >= 0 && target + range.count <= count)
        withUnsafeMutableBufferPointer { all in
            guard let base = all.baseAddress else { return }
            (base + target).update(from: base + range.lowerBound, count: range.count)
        }
    }

    /// Drops the first `dead` bytes, but only when that moves no more bytes than it frees.
    ///
    /// So the cost of all calls together is linear in the bytes appended, however little is read between two.
    /// - Returns: How many bytes went: `dead` or 0.
    mutating func dropFront(_ dead: Int) -> Int {
        guard dead > 0, count - dead <= dead else { return 0 }
        if dead == count { removeAll(keepingCapacity: true) } else { removeFirst(dead) }
        return dead
    }
}
