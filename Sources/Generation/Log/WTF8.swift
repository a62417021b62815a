/// Text as bytes: UTF-8, in which a lone surrogate (one half of a pair that a provider split over two deltas) stands
/// as three bytes. Joining two such halves gives the character.
package enum WTF8 {
    /// Appends `text`; a low surrogate right behind a high one makes one character with it.
    package static func append(_ text: Span<UInt8>, to out: inout [UInt8]) {
        let end = out.count
        if text.count >= 3, text[0] == 0xED, text[1] >= 0xB0, endsInHighSurrogate(out) {
            let high = UInt32(out[end - 2] & 0x0F) << 6 | UInt32(out[end - 1] & 0x3F)
            let low = UInt32(text[1] & 0x0F) << 6 | UInt32(text[2] & 0x3F)
            let scalar = 0x10000 + (high << 10 | low)
            out.removeLast(3)
            out.append(0xF0 | UInt8(scalar >> 18))
            out.append(0x80 | UInt8(scalar >> 12 & 0x3F))
            out.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            out.append(0x80 | UInt8(scalar & 0x3F))
            appendPlain(text.extracting(3..<text.count), to: &out)
        } else {
            appendPlain(text, to: &out)
        }
    }

    /// Whether the last character is the first half of a surrogate pair.
    package static func endsInHighSurrogate(_ bytes: [UInt8]) -> Bool {
        let end = bytes.count
        return end >= 3 && bytes[end - 3] == 0xED && (0xA0..<0xB0).contains(bytes[end - 2])
    }

    private static func appendPlain(_ text: Span<UInt8>, to out: inout [UInt8]) {
        text.withUnsafeBufferPointer { out.append(contentsOf: $0) }
    }
}
