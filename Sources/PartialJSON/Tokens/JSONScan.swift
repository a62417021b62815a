/// Reads the parts of JSON grammar that have no nesting. Every function takes the offset where its part begins.
enum JSONScan {
    /// The offset of the first byte that is no whitespace, or the end of the text.
    @inline(__always)
    static func whitespaceEnd(in text: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < text.count, text[at] <= 0x20, text[at].isJSONWhitespace { at &+= 1 }
        return at
    }

    /// Reads on from just behind the opening quote: what stands between the quotes. The closing one is at
    /// `range.upperBound`.
    @inline(__always)
    static func string(in text: Span<UInt8>, from start: Int) throws(JSONError) -> JSONStringToken {
        var at = start
        var isEscaped = false
        while true {
            at = plainEnd(in: text, from: at)
            guard at < text.count else { throw .truncated(at: text.count) }
            switch text[at] {
            case .quote: return JSONStringToken(range: start..<at, isEscaped: isEscaped)
            case .backslash:
                at = try escapeEnd(in: text, from: at)
                isEscaped = true
            case 0x80...: throw .invalidUTF8(at: at)
            default: throw .unexpectedByte(at: at)
            }
        }
    }

    /// Reads on over characters that stand for themselves.
    ///
    /// - Returns: The offset of a quote, a backslash, a control character, a malformed or cut UTF-8 sequence, or the
    ///   end.
    @inline(__always)
    static func plainEnd(in text: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while true {
            while at &+ 8 <= text.count {
                let plain = EightBytes(text, at: at).plainToRead
                at &+= plain
                if plain < 8 { break }
            }
            guard at < text.count else { return at }
            let byte = text[at]
            if byte >= 0x80 {
                let end = multibyteEnd(in: text, from: at)
                guard end > at else { return at }
                at = end
            } else {
                if byte < 0x20 || byte == .quote || byte == .backslash { return at }
                at &+= 1
            }
        }
    }

    /// Reads on over a run beyond ASCII, so that such text does not pay for eight-byte looks that fail.
    private static func multibyteEnd(in text: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < text.count, text[at] >= 0x80, let length = UTF8Sequence.length(in: text, at: at) { at &+= length }
        return at
    }

    private static func escapeEnd(in text: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        guard start &+ 1 < text.count else { throw .truncated(at: text.count) }
        switch text[start &+ 1] {
        case .quote, .backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            for at in start &+ 2..<start &+ 6 {
                guard at < text.count else { throw .truncated(at: text.count) }
                guard text[at].hexadecimalValue != nil else { throw .invalidEscape(at: start) }
            }
            return start &+ 6
        default: throw .invalidEscape(at: start)
        }
    }

    /// The offset behind the number that begins at `start` with `-` or a digit. What follows it is not looked at.
    @inline(__always)
    static func numberEnd(in text: Span<UInt8>, from start: Int, limit: Int) throws(JSONError) -> Int {
        var at = start
        if text[at] == .minus { at &+= 1 }
        if at < text.count, text[at] == .zero { at &+= 1 } else { at = try digitsEnd(in: text, from: at) }
        if at < text.count, text[at] == .point { at = try digitsEnd(in: text, from: at &+ 1) }
        if at < text.count, text[at].isExponentMark {
            at &+= 1
            if at < text.count, text[at] == .plus || text[at] == .minus { at &+= 1 }
            at = try digitsEnd(in: text, from: at)
        }
        guard at &- start <= limit else { throw .numberTooLong(limit: limit) }
        return at
    }

    @inline(__always)
    private static func digitsEnd(in text: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        var at = start
        while at < text.count, text[at].isDigit { at &+= 1 }
        guard at > start else { throw at < text.count ? .unexpectedByte(at: at) : .truncated(at: at) }
        return at
    }

    /// The offset behind the literal at `start`, whose first byte is known already.
    @inline(__always)
    static func literalEnd(
        _ literal: StaticString, in text: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Int {
        for offset in 1..<literal.utf8CodeUnitCount {
            let at = start &+ offset
            guard at < text.count else { throw .truncated(at: text.count) }
            guard text[at] == literal.utf8Start[offset] else { throw .unexpectedByte(at: at) }
        }
        return start &+ literal.utf8CodeUnitCount
    }
}
