import FreshetPartialJSON

extension WTF8 {
    /// Whether `bytes` come back unchanged from a JSON string: UTF-8, or a surrogate alone as three bytes. A low one
    /// right behind a high one would come back as one character.
    package static func survivesJSON(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        var isBehindHigh = false
        while at < bytes.count {
            let lead = bytes[at]
            if lead < 0x80 {
                at &+= 1
                isBehindHigh = false
                continue
            }
            let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
            guard lead >= 0xC2, lead < 0xF5, bytes.count &- at >= length else { return false }
            for place in 1..<length where bytes[at &+ place] & 0xC0 != 0x80 { return false }
            let second = bytes[at &+ 1]
            switch lead {
            case 0xE0 where second < 0xA0, 0xF0 where second < 0x90, 0xF4 where second > 0x8F: return false
            case 0xED where second >= 0xB0 && isBehindHigh: return false
            default: isBehindHigh = lead == 0xED && (0xA0..<0xB0).contains(second)
            }
            at &+= length
        }
        return true
    }
}

extension [UInt8] {
    /// Appends `"data":"…"` when `raw` survives that, else `"hex":"…"`.
    mutating func appendExact(_ raw: [UInt8]) {
        if WTF8.survivesJSON(raw.span) {
            appendJSON(raw: "\"data\":")
            appendJSON(string: raw.span)
        } else {
            appendJSON(raw: "\"hex\":\"")
            appendHex(raw.span)
            append(0x22)
        }
    }

    mutating func appendHex(_ raw: Span<UInt8>) {
        for place in 0..<raw.count {
            for digit in [raw[place] >> 4, raw[place] & 0xF] { append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
        }
    }

    /// - Parameter hex: Two lower-case digits a byte; nil for anything else.
    init?(hex: Span<UInt8>) {
        guard hex.count % 2 == 0 else { return nil }
        self = []
        reserveCapacity(hex.count / 2)
        for place in stride(from: 0, to: hex.count, by: 2) {
            guard let high = Self.digit(hex[place]), let low = Self.digit(hex[place + 1]) else { return nil }
            append(high << 4 | low)
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
