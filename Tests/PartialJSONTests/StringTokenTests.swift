import FreshetPartialJSON
import Testing

@Suite struct StringTokenTests {
    private func token(_ text: [UInt8]) throws -> JSONStringToken {
        guard case .string(let token)? = try tokens(of: text).first else { throw JSONError.truncated(at: 0) }
        return token
    }

    @Test func comparesWithNames() throws {
        let cases: [(String, Bool)] = [
            ("\"content\"", true), ("\"conten\"", false), ("\"contents\"", false), ("\"contenu\"", false),
            (#""\u0063ontent""#, true), (#""\u0063ontenu""#, false), (#""conten\t""#, false), ("\"\"", false),
        ]
        for (text, expected) in cases {
            let text = bytes(text)
            #expect(try token(text).equals("content", in: text) == expected, "\(text)")
        }
        let decomposed = bytes("\"e\u{301}\"")
        #expect(try !token(decomposed).equals("\u{E9}", in: decomposed))
        #expect(try token(decomposed).equals("e\u{301}", in: decomposed))
    }

    private static let unescapings: [(json: String, bytes: [UInt8], string: String)] = [
        (#""\"\\\/\b\f\n\r\t""#, [0x22, 0x5C, 0x2F, 8, 0x0C, 0x0A, 0x0D, 9], "\"\\/\u{8}\u{C}\n\r\t"),
        (#""a\u0000b""#, [0x61, 0, 0x62], "a\u{0}b"),
        (#""\u00e9\u20AC""#, [0xC3, 0xA9, 0xE2, 0x82, 0xAC], "é€"),
        (#""\ud83d\ude00""#, [0xF0, 0x9F, 0x98, 0x80], "😀"),
        (#""\uDBFF\uDFFF""#, [0xF4, 0x8F, 0xBF, 0xBF], "\u{10FFFF}"),
        (#""\uD800\uDC00""#, [0xF0, 0x90, 0x80, 0x80], "\u{10000}"),
        (#""\ud83d""#, [0xED, 0xA0, 0xBD], "\u{FFFD}"),
        (#""\ude00x""#, [0xED, 0xB8, 0x80, 0x78], "\u{FFFD}x"),
        (#""\ude00\ud83d""#, [0xED, 0xB8, 0x80, 0xED, 0xA0, 0xBD], "\u{FFFD}\u{FFFD}"),
        (#""\ud83d\ud83d\ude00""#, [0xED, 0xA0, 0xBD, 0xF0, 0x9F, 0x98, 0x80], "\u{FFFD}😀"),
        (#""\ud83d-\ude00""#, [0xED, 0xA0, 0xBD, 0x2D, 0xED, 0xB8, 0x80], "\u{FFFD}-\u{FFFD}"),
        (#""일\u0041""#, [0xEC, 0x9D, 0xBC, 0x41], "일A"),
        (#""\ud55c힣""#, [0xED, 0x95, 0x9C, 0xED, 0x9E, 0xA3], "한힣"),
    ]

    @Test func unescapes() throws {
        for (json, expected, string) in Self.unescapings {
            let text = bytes(json)
            var out: [UInt8] = []
            try token(text).appendUnescaped(from: text.span, to: &out)
            #expect(out == expected, "\(json)")
            #expect(try token(text).string(in: text) == string, "\(json)")
        }
    }

    /// A provider may cut a pair in two: the halves arrive in different strings.
    @Test func aPairIsJoinedAcrossTokens() throws {
        let (first, second) = (bytes(#""a\ud83d""#), bytes(#""\ude00b""#))
        var out: [UInt8] = []
        try token(first).appendUnescaped(from: first.span, to: &out)
        #expect(out == [0x61, 0xED, 0xA0, 0xBD])
        try token(second).appendUnescaped(from: second.span, to: &out)
        #expect(text(out) == "a😀b")
        try token(second).appendUnescaped(from: second.span, to: &out)
        #expect(out.suffix(4) == [0xED, 0xB8, 0x80, 0x62])
    }
}
