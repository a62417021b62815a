import FreshetPartialJSON
import FreshetTestSupport
import Testing

@Suite struct WriterTests {
    private func written(_ content: [UInt8]) -> String {
        var out: [UInt8] = []
        out.appendJSON(stringContent: content.span)
        return text(out)
    }

    private static let contents: [(content: [UInt8], json: String)] = [
        ([], ""), (bytes("plain"), "plain"), (bytes("a\"b\\c/"), #"a\"b\\c/"#),
        (bytes("\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1F}\u{7F}"), #"\u0000\b\t\n\u000B\f\r\u001F"# + "\u{7F}"),
        (bytes("é€😀\u{2028}\u{2029}"), "é€😀\u{2028}\u{2029}"), (bytes("한국어 힣 \u{D7FF}"), "한국어 힣 \u{D7FF}"),
        ([0xED, 0xA0, 0xBD], #"\uD83D"#), ([0x61, 0xED, 0xB8, 0x80, 0x62], #"a\uDE00b"#),
        ([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], #"\uD83D\uDE00"#), ([0xED, 0xBF, 0xBF], #"\uDFFF"#),
    ]

    @Test func escapesOnlyWhatItMust() {
        for (content, json) in Self.contents {
            for lead in 0...9 {
                let padding = [UInt8](repeating: 0x78, count: lead)
                #expect(written(padding + content + padding) == text(padding) + json + text(padding))
            }
        }
    }

    /// What was written reads back as the same bytes, for every byte at every place and for lone surrogates.
    @Test func stringsComeBack() throws {
        var numbers = SeededGenerator(seed: 7)
        let pieces =
            (0..<128).map { [UInt8($0)] } + [
                bytes("é"), bytes("€"), bytes("😀"), bytes("한"), [0xED, 0xA0, 0xBD, 0x2E], [0xED, 0xB8, 0x80],
                bytes("plain text"),
            ]
        for _ in 0..<2000 {
            var content: [UInt8] = []
            for _ in 0..<Int.random(in: 0...24, using: &numbers) {
                content += pieces.randomElement(using: &numbers) ?? []
            }
            var json: [UInt8] = []
            json.appendJSON(string: content.span)
            guard case .string(let token)? = try tokens(of: json).first else { throw JSONError.truncated(at: 0) }
            var back: [UInt8] = []
            token.appendUnescaped(from: json.span, to: &back)
            #expect(back == content)
        }
    }

    @Test func stringsAndLiterals() {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"a\":")
        out.appendJSON(string: "x\"é")
        out.appendJSON(raw: bytes(",\"b\":").span)
        out.appendJSON(bool: true)
        out.appendJSON(raw: "}")
        #expect(text(out) == #"{"a":"x\"é","b":true}"#)
    }

    @Test func integersAtTheirEdges() {
        var signed: [Int64] = [.min, .min + 1, -1, 0, 1, .max]
        var unsigned: [UInt64] = [0, .max, .max - 1]
        var power: UInt64 = 1
        while power < 1_000_000_000_000_000_000 {
            power *= 10
            unsigned += [power - 1, power, power + 1]
            signed += [Int64(power - 1), -Int64(power)]
        }
        for number in unsigned {
            var out: [UInt8] = [0x78]
            out.appendJSON(integer: number)
            #expect(text(out) == "x\(number)")
        }
        for number in signed {
            var out: [UInt8] = []
            out.appendJSON(integer: number)
            #expect(text(out) == "\(number)")
        }
    }
}
