/// Questions about a range of bytes that is read as ASCII.
extension Span<UInt8> {
    /// Whether the bytes in `range` are `text`, which is in lower case, whatever their case.
    func matches(_ range: Range<Int>, lowercase text: String) -> Bool {
        guard text.utf8.count == range.count else { return false }
        var at = range.lowerBound
        for byte in text.utf8 {
            guard self[at].lowercased == byte else { return false }
            at &+= 1
        }
        return true
    }

    /// Whether the bytes in `range` are `text`, exactly.
    func equals(_ range: Range<Int>, _ text: String) -> Bool {
        guard text.utf8.count == range.count else { return false }
        var at = range.lowerBound
        for byte in text.utf8 {
            guard self[at] == byte else { return false }
            at &+= 1
        }
        return true
    }

    /// `range` without spaces and tabs at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isBlank { start &+= 1 }
        while end > start, self[end &- 1].isBlank { end &-= 1 }
        return start..<end
    }

    /// The first index in `range` whose byte is `byte`.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while at < range.upperBound {
            if self[at] == byte { return at }
            at &+= 1
        }
        return nil
    }

    /// Whether every byte in `range` is as asked.
    @inline(__always)
    func allSatisfy(_ range: Range<Int>, _ isAsked: (UInt8) -> Bool) -> Bool {
        for at in range where !isAsked(self[at]) { return false }
        return true
    }

    /// The number that the bytes in `range` write in decimal; nil when empty, when any is no digit, above 2⁶³ − 1.
    func decimal(_ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value = Int64(0)
        for at in range {
            guard self[at].isDigit else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int64(self[at] &- .zero))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return UInt64(value)
    }

    /// Whether one element of the comma-separated list in `range` is `token`, which is in lower case.
    func list(_ range: Range<Int>, contains token: String) -> Bool {
        var start = range.lowerBound
        while start <= range.upperBound {
            let end = firstIndex(of: .comma, in: start..<range.upperBound) ?? range.upperBound
            if matches(trimmed(start..<end), lowercase: token) { return true }
            start = end &+ 1
        }
        return false
    }

    /// Where in `range` the media type stands, without its parameters.
    func mediaType(_ range: Range<Int>) -> Range<Int> {
        trimmed(range.lowerBound..<(firstIndex(of: .semicolon, in: range) ?? range.upperBound))
    }

    /// The bytes in `range` as text; what is not UTF-8 becomes U+FFFD.
    func string(_ range: Range<Int>) -> String {
        withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
    }
}
