/// Values of a peer's JSON, looked at where they lie.
extension Span<UInt8> {
    /// The value of a run of digits.
    ///
    /// - Parameter range: A whole JSON value.
    /// - Returns: Nil for anything else, and past 18 digits, so that a few may be added without overflow.
    func wholeNumber(at range: Range<Int>) -> Int64? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value: Int64 = 0
        for place in range {
            guard (0x30...0x39).contains(self[place]) else { return nil }
            value = value * 10 + Int64(self[place] - 0x30)
        }
        return value
    }

    /// Whether a JSON value is null, or an empty string, array or object.
    func isEmptyValue(at range: Range<Int>) -> Bool {
        switch range.count {
        case 2: self[range.lowerBound] == 0x22 || self[range.lowerBound] == 0x5B || self[range.lowerBound] == 0x7B
        case 4: self[range.lowerBound] == 0x6E
        default: false
        }
    }
}
