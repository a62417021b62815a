/// What escapes in JSON strings stand for.
enum JSONEscape {
    /// The byte meant by a backslash and `mark`; nil for `u` and for what is no escape.
    static func byte(for mark: UInt8) -> UInt8? {
        switch mark {
        case .quote, .backslash, UInt8(ascii: "/"): mark
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Appends a UTF-16 code unit as WTF-8; a low surrogate joins the high one that ends `out`, if one does.
    static func append(codeUnit unit: UInt16, to out: inout [UInt8]) {
        switch unit {
        case 0..<0x80: out.append(UInt8(unit))
        case 0x80..<0x800:
            out.append(0xC0 | UInt8(unit &>> 6))
            out.append(continuation(unit))
        case 0xDC00...0xDFFF where endsInHighSurrogate(out):
            join(low: unit, to: &out)
        default:
            out.append(0xE0 | UInt8(unit &>> 12))
            out.append(continuation(unit &>> 6))
            out.append(continuation(unit))
        }
    }

    private static func continuation(_ bits: UInt16) -> UInt8 { 0x80 | UInt8(bits & 0x3F) }

    private static func endsInHighSurrogate(_ bytes: [UInt8]) -> Bool {
        let count = bytes.count
        return count >= 3 && bytes[count - 3] == 0xED && 0xA0...0xAF ~= bytes[count - 2]
    }

    /// U+10000 + high ten bits + low ten bits; the high half's bits are read back from its WTF-8 bytes.
    private static func join(low: UInt16, to out: inout [UInt8]) {
        let last = out.count - 1
        let high = UInt32(out[last - 1] & 0x0F) &<< 6 | UInt32(out[last] & 0x3F)
        let scalar = 0x10000 &+ (high &<< 10 | UInt32(low & 0x3FF))
        out[last - 2] = 0xF0 | UInt8(scalar &>> 18)
        out[last - 1] = 0x80 | UInt8(scalar &>> 12 & 0x3F)
        out[last] = 0x80 | UInt8(scalar &>> 6 & 0x3F)
        out.append(0x80 | UInt8(scalar & 0x3F))
    }
}
