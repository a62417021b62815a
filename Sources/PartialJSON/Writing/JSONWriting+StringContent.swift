extension [UInt8] {
    /// Appends what stands between a JSON string's quotes, so that one string can be written in pieces.
    ///
    /// - Parameter text: UTF-8 or WTF-8, as for `appendJSON(string:)`.
    public mutating func appendJSON(stringContent text: Span<UInt8>) {
        var copied = 0
        var at = 0
        while true {
            at = Self.plainEnd(in: text, from: at)
            guard at < text.count else { break }
            let isSurrogate = text[at] == 0xED
            if isSurrogate, at &+ 2 >= text.count || text[at &+ 1] < 0xA0 {
                at &+= 1  // an ordinary character: most of Hangul begins so
                continue
            }
            append(copying: text.extracting(copied..<at))
            if isSurrogate {
                appendEscape(unit: 0xD000 | UInt16(text[at &+ 1] & 0x3F) &<< 6 | UInt16(text[at &+ 2] & 0x3F))
            } else {
                appendEscape(text[at])
            }
            at &+= isSurrogate ? 3 : 1
            copied = at
        }
        append(copying: text.extracting(copied..<text.count))
    }

    /// The offset of the first byte that may need an escape, or the end.
    @inline(__always)
    private static func plainEnd(in text: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at &+ 8 <= text.count {
            let plain = EightBytes(text, at: at).plainToWrite
            at &+= plain
            if plain < 8 { return at }
        }
        while at < text.count {
            let byte = text[at]
            if byte < 0x20 || byte == .quote || byte == .backslash || byte == 0xED { return at }
            at &+= 1
        }
        return at
    }

    private mutating func appendEscape(_ byte: UInt8) {
        let mark: UInt8
        switch byte {
        case .quote, .backslash: mark = byte
        case 0x08: mark = UInt8(ascii: "b")
        case 0x09: mark = UInt8(ascii: "t")
        case 0x0A: mark = UInt8(ascii: "n")
        case 0x0C: mark = UInt8(ascii: "f")
        case 0x0D: mark = UInt8(ascii: "r")
        default: return appendEscape(unit: UInt16(byte))
        }
        append(.backslash)
        append(mark)
    }

    private mutating func appendEscape(unit: UInt16) {
        append(.backslash)
        append(UInt8(ascii: "u"))
        for place in 1...4 {
            let digit = UInt8(truncatingIfNeeded: unit &>> UInt16(16 - 4 * place)) & 0xF
            append(digit < 10 ? .zero &+ digit : UInt8(ascii: "A") &+ digit &- 10)
        }
    }
}
