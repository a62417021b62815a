import FreshetTestSupport

/// Text that codecs stumble over, in pieces.
enum LawText {
    private static let words = [
        "Hello", " world", "a", ", ", "0.5", "\"quoted\"", "back\\slash", "/", "\n", "\r\n", "\t", "\0", "\u{1F}",
        "\u{7F}",
        "\u{2028}", "é", "e\u{301}", "漢字", "かな", "한국어", "🙂", "👩‍👩‍👧", "🏳️‍🌈", "𝄞", "\u{FFFD}", "\u{FEFF}", "</script>",
        "data: x\n\n", "[DONE]", "{\"a\":1}", " ", "```\ncode\n```", "|a|b|",
    ]

    /// 1 to `most` words in a row.
    static func words(_ most: Int, _ numbers: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...most, using: &numbers)).map { _ in words.randomElement(using: &numbers) ?? "" }.joined()
    }

    /// Arguments of a tool call: mostly a JSON object, now and then none or something else.
    static func arguments(_ numbers: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0: ""
        case 1: "not JSON"
        case 2: "{\"cut\":\"short"
        case 3: "{}"
        case 4: "{ \"n\" : 1.50,\n \"deep\":[[{\"x\":null}],true] }"
        default:
            "{\"q\":\"\(["🙂", "漢字", "a b", "\\\"x\\\"", "\\n", "\\u00e9"].randomElement(using: &numbers) ?? "")\",\"k\":7}"
        }
    }

    /// The text as WTF-8 in pieces of a few characters; a character of two UTF-16 units may be cut between them.
    static func pieces(_ text: String, _ numbers: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            if scalar.value > 0xFFFF, Bool.random(using: &numbers) {
                let offset = scalar.value - 0x10000
                pieces[pieces.count - 1] += half(0xD800 + offset >> 10)
                pieces.append(half(0xDC00 + offset & 0x3FF))
            } else {
                pieces[pieces.count - 1] += Array(String(scalar).utf8)
            }
            if Int.random(in: 0..<4, using: &numbers) == 0 { pieces.append([]) }
        }
        return pieces.filter { !$0.isEmpty }
    }

    private static func half(_ unit: UInt32) -> [UInt8] {
        [0xED, 0x80 | UInt8(unit >> 6 & 0x3F), 0x80 | UInt8(unit & 0x3F)]
    }

    // MARK: Reading

    /// Stream text in which escaped halves of surrogate pairs stand as private characters: `JSONValue` keeps no halves.
    static func markingHalves(_ stream: String) -> String {
        let bytes = Array(stream.utf8)
        var marked: [UInt8] = []
        marked.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            guard bytes[at] == 0x5C else {
                marked.append(bytes[at])
                at += 1
                continue
            }
            let escape = bytes[at..<min(at + 6, bytes.count)]
            if escape.starts(with: "\\uD".utf8),
                let unit = UInt32(String(decoding: escape.dropFirst(3), as: UTF8.self), radix: 16),
                unit >= 0x800, let mark = Unicode.Scalar(0x100000 + unit)
            {
                marked += Array(String(mark).utf8)
                at += 6
            } else {
                marked += bytes[at..<at + 2]
                at += 2
            }
        }
        return String(decoding: marked, as: UTF8.self)
    }

    /// The text with marked halves joined where they meet, the others as U+FFFD.
    static func restored(_ text: String) -> String {
        var restored = String.UnicodeScalarView()
        var high: UInt32?
        for scalar in text.unicodeScalars {
            let unit = scalar.value >= 0x100800 && scalar.value < 0x101000 ? scalar.value - 0x100000 + 0xD000 : nil
            if let first = high, let second = unit, second >= 0xDC00 {
                high = nil
                let value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
                restored.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                continue
            }
            if high != nil { restored.append("\u{FFFD}") }
            high = nil
            switch unit {
            case nil: restored.append(scalar)
            case let unit? where unit < 0xDC00: high = unit
            default: restored.append("\u{FFFD}")
            }
        }
        if high != nil { restored.append("\u{FFFD}") }
        return String(restored)
    }
}
