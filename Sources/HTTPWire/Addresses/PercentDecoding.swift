/// Decodes percent-encoded UTF-8.
enum PercentDecoding {
    /// Gives nil when a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8. In a form's fields
    /// a plus is a space.
    static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            if byte == .percent {
                guard let high = rest.next()?.hexValue, let low = rest.next()?.hexValue else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte == .plus && plusIsSpace ? .space : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
