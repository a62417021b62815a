/// Writing JSON: everything is appended to bytes that the caller keeps and reuses.
extension [UInt8] {
    /// Appends bytes as they are, already JSON.
    public mutating func appendJSON(raw bytes: Span<UInt8>) { append(copying: bytes) }

    /// Appends a literal piece of JSON as it is.
    public mutating func appendJSON(raw literal: StaticString) {
        literal.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends a JSON string with its quotes.
    ///
    /// - Parameter text: UTF-8, passed on unchanged but for quotes, backslashes and control characters, which are
    ///   escaped; a lone surrogate in WTF-8 becomes `\uXXXX`.
    public mutating func appendJSON(string text: Span<UInt8>) {
        append(.quote)
        appendJSON(stringContent: text)
        append(.quote)
    }

    /// Appends a JSON string with its quotes.
    public mutating func appendJSON(string text: String) {
        append(.quote)
        appendJSON(stringContent: text)
        append(.quote)
    }

    /// Appends what stands between a JSON string's quotes, so that one string can be written in pieces.
    public mutating func appendJSON(stringContent text: String) {
        var text = text
        text.withUTF8 { appendJSON(stringContent: $0.span) }
    }

    /// Appends an integer in decimal digits.
    public mutating func appendJSON(integer: UInt64) {
        var digits = 1
        var rest = integer
        while rest >= 10 {
            rest /= 10
            digits &+= 1
        }
        append(contentsOf: repeatElement(.zero, count: digits))
        rest = integer
        for offset in 1...digits {
            self[count &- offset] = .zero | UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Appends an integer in decimal digits.
    public mutating func appendJSON(integer: Int64) {
        if integer < 0 { append(.minus) }
        appendJSON(integer: integer.magnitude)
    }

    /// Appends an integer in decimal digits.
    public mutating func appendJSON(integer: Int) { appendJSON(integer: Int64(integer)) }

    /// Appends `true` or `false`.
    public mutating func appendJSON(bool: Bool) { appendJSON(raw: bool ? "true" : "false") }

    mutating func append(copying bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
