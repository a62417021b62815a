/// IPv4 addresses written as four plain decimal numbers.
enum IPv4Text {
    /// The address as one number, 127.0.0.1 as 0x7F000001; nil when the text is none.
    static func number(_ range: Range<Int>, in bytes: Span<UInt8>) -> UInt32? {
        var address = UInt32(0)
        var parts = 0
        var start = range.lowerBound
        while start <= range.upperBound {
            let end = bytes.firstIndex(of: .dot, in: start..<range.upperBound) ?? range.upperBound
            // A leading zero means octal to some readers.
            guard end &- start <= 3, end &- start == 1 || start < end && bytes[start] != .zero,
                let part = bytes.decimal(start..<end), part <= 255, parts < 4
            else { return nil }
            address = address &<< 8 | UInt32(part)
            parts &+= 1
            start = end &+ 1
        }
        return parts == 4 ? address : nil
    }
}

/// IPv6 addresses: RFC 4291 §2.2, without zones.
enum IPv6Text {
    /// The eight groups; nil when the text is no address. An IPv4 tail gives two of them.
    static func groups(_ range: Range<Int>, in bytes: Span<UInt8>) -> [UInt16]? {
        guard (2...45).contains(range.count) else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var at = range.lowerBound
        if bytes.matches(at..<at &+ 2, lowercase: "::") { (gap, at) = (0, at &+ 2) }
        while at < range.upperBound {
            let end = bytes.firstIndex(of: .colon, in: at..<range.upperBound) ?? range.upperBound
            guard append(at..<end, isLast: end == range.upperBound, in: bytes, to: &groups) else { return nil }
            guard end < range.upperBound else { break }
            at = end &+ 1
            // A colon wants a group behind it, unless it is half of the one gap.
            guard at < range.upperBound else { return nil }
            if bytes[at] == .colon {
                guard gap == nil else { return nil }
                (gap, at) = (groups.count, at &+ 1)
            }
        }
        guard let gap else { return groups.count == 8 ? groups : nil }
        guard groups.count < 8 else { return nil }
        groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        return groups
    }

    /// Appends one group, or the two that an IPv4 tail stands for; false when the text is neither.
    private static func append(
        _ range: Range<Int>, isLast: Bool, in bytes: Span<UInt8>, to groups: inout [UInt16]
    ) -> Bool {
        if isLast, let tail = IPv4Text.number(range, in: bytes) {
            groups.append(UInt16(truncatingIfNeeded: tail &>> 16))
            groups.append(UInt16(truncatingIfNeeded: tail))
            return true
        }
        guard (1...4).contains(range.count) else { return false }
        var group = UInt16(0)
        for at in range {
            guard let digit = bytes[at].hexValue else { return false }
            group = group &<< 4 | UInt16(digit)
        }
        groups.append(group)
        return true
    }
}
