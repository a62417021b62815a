/// Base64 (RFC 4648): written in the common alphabet, read in both.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// With padding.
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var out: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 1
            guard count == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { out.append(alphabet[Int(bits >> shift & 63)]) }
            (bits, count) = (0, 0)
        }
        if count == 1 {
            out += [alphabet[Int(bits >> 2 & 63)], alphabet[Int(bits << 4 & 63)], 0x3D, 0x3D]
        } else if count == 2 {
            out += [alphabet[Int(bits >> 10 & 63)], alphabet[Int(bits >> 4 & 63)], alphabet[Int(bits << 2 & 63)], 0x3D]
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil for what is no base64; padding may be missing.
    static func decode(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        var isPadding = false
        for byte in text.utf8 {
            if byte == 0x3D {
                isPadding = true
                continue
            }
            guard !isPadding, let value = value(of: byte) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            out.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return out
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
