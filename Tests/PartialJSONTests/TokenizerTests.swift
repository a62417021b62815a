import Foundation
import FreshetPartialJSON
import FreshetTestSupport
import Testing

@Suite struct TokenizerTests {
    @Test func tokensOfEveryKind() throws {
        let text = bytes(#" { "a" : [ 1 , -2.5e+3, true,false ,null,"x\n"], "":{} } "#)
        let name = JSONStringToken(range: 4..<5, isEscaped: false)
        #expect(
            try tokens(of: text) == [
                .objectStart, .key(name), .arrayStart, .number(11..<12), .number(15..<22), .bool(true), .bool(false),
                .null, .string(JSONStringToken(range: 42..<45, isEscaped: true)), .arrayEnd,
                .key(JSONStringToken(range: 50..<50, isEscaped: false)), .objectStart, .objectEnd, .objectEnd,
            ])
    }

    @Test(arguments: [
        ("", JSONError.truncated(at: 0)), ("  ", .truncated(at: 2)), ("[", .truncated(at: 1)),
        ("[1", .truncated(at: 2)), ("[1,", .truncated(at: 3)), ("[1,]", .unexpectedByte(at: 3)),
        ("{\"a\"", .truncated(at: 4)), ("{\"a\" 1}", .unexpectedByte(at: 5)), ("{\"a\":}", .unexpectedByte(at: 5)),
        ("{a:1}", .unexpectedByte(at: 1)), ("{\"a\":1,}", .unexpectedByte(at: 7)), ("[1}", .unexpectedByte(at: 2)),
        ("1 2", .unexpectedByte(at: 2)), ("]", .unexpectedByte(at: 0)), ("-", .truncated(at: 1)),
        ("-a", .unexpectedByte(at: 1)), ("1.", .truncated(at: 2)), ("01", .unexpectedByte(at: 1)),
        ("1e+", .truncated(at: 3)), ("nul", .truncated(at: 3)), ("nulx", .unexpectedByte(at: 3)),
        ("\"a", .truncated(at: 2)), ("\"\\", .truncated(at: 2)), ("\"\\u12", .truncated(at: 5)),
        ("\"\\u12g4\"", .invalidEscape(at: 1)), ("\"ab\\x\"", .invalidEscape(at: 3)),
        ("\"a\nb\"", .unexpectedByte(at: 2)), ("\"a\u{0}\"", .unexpectedByte(at: 2)),
        ("\u{FEFF}1", .unexpectedByte(at: 0)),
        ("\u{A0}1", .unexpectedByte(at: 0)),
    ])
    func errorsNameTheirByte(_ text: String, _ error: JSONError) {
        #expect(throws: error) { try tokens(of: bytes(text)) }
    }

    @Test func malformedUTF8IsRefusedWhereItBegins() throws {
        let sequences: [[UInt8]] = [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ]
        for sequence in sequences {
            for lead in 0...17 {
                let text = [0x22] + [UInt8](repeating: 0x61, count: lead) + sequence + [0x22]
                #expect(throws: JSONError.invalidUTF8(at: lead + 1), "\(sequence)") { try tokens(of: text) }
            }
        }
        for scalar: Unicode.Scalar in [
            "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10FFFF}",
        ] {
            for lead in 0...17 {
                let content = String(repeating: "a", count: lead) + String(scalar)
                #expect(try JSONValue(parsing: bytes("\"\(content)\"")) == .string(content))
            }
        }
    }

    /// The eight-bytes-at-once look must agree with the grammar for every byte at every place.
    @Test func everyByteAtEveryPlaceOfAString() {
        for byte in UInt8.min...0x7F {
            for place in 0..<20 {
                var content = [UInt8](repeating: 0x61, count: 20)
                content[place] = byte
                let isPlain = byte >= 0x20 && byte != 0x22 && byte != 0x5C
                let tokens = try? tokens(of: [0x22] + content + [0x22])
                #expect((tokens != nil) == isPlain, "\(byte) at \(place)")
            }
        }
    }

    @Test func aThrowLeavesTheTokenizerWhereItWas() throws {
        let text = bytes("[1,x]")
        var tokenizer = JSONTokenizer()
        _ = try tokenizer.next(in: text.span)
        _ = try tokenizer.next(in: text.span)
        for _ in 0..<3 {
            #expect(throws: JSONError.unexpectedByte(at: 3)) { try tokenizer.next(in: text) }
            #expect(tokenizer.position == 2)
        }
    }

    @Test func theEndStays() throws {
        let text = bytes("1 ")
        var tokenizer = JSONTokenizer()
        #expect(try tokenizer.next(in: text) == .number(0..<1))
        for _ in 0..<3 { #expect(try tokenizer.next(in: text) == .end) }
    }

    @Test(arguments: [
        (#" "a\"b" "#, #""a\"b""#), ("  12 ", "12"), ("true", "true"), (" false", "false"), ("null ", "null"),
        (" [ 1, [2] ,{}] ", "[ 1, [2] ,{}]"), ("{\"a\":{\"b\":[]}}", "{\"a\":{\"b\":[]}}"),
    ])
    func skipsAWholeValue(_ whole: String, _ value: String) throws {
        let text = bytes(whole)
        var tokenizer = JSONTokenizer()
        let range = try tokenizer.skipValue(in: text.span)
        #expect(text[range] == bytes(value)[...])
        #expect(try tokenizer.next(in: text) == .end)
    }

    @Test func skipsValuesElementsAndRests() throws {
        let text = bytes(#"{"a":[1,{"b":2},[3]],"c":[4, {"d":[]}],"e":5}"#)
        var tokenizer = JSONTokenizer()
        #expect(try tokenizer.next(in: text) == .objectStart)
        #expect(throws: JSONError.unexpectedByte(at: 1)) { try tokenizer.skipValue(in: text) }
        _ = try tokenizer.next(in: text.span)
        #expect(try tokenizer.next(in: text) == .arrayStart)
        var elements: [String] = []
        while let range = try tokenizer.nextElement(in: text.span) {
            elements.append(String(decoding: text[range], as: UTF8.self))
        }
        #expect(elements == ["1", "{\"b\":2}", "[3]"])
        _ = try tokenizer.next(in: text.span)
        #expect(try tokenizer.next(in: text) == .arrayStart)
        try tokenizer.skipRest(in: text.span)
        #expect(tokenizer.depth == 1)
        guard case .key(let name) = try tokenizer.next(in: text.span) else { throw JSONError.truncated(at: 0) }
        #expect(name.equals("e", in: text))
        #expect(try tokenizer.skipValue(in: text).count == 1)
        #expect(throws: JSONError.unexpectedByte(at: text.count - 1)) { try tokenizer.skipValue(in: text) }
        #expect(try tokenizer.next(in: text) == .objectEnd)
    }

    @Test func limitsHold() throws {
        var limits = JSONLimits()
        limits.depth = 3
        limits.numberBytes = 4
        #expect(throws: Never.self) { try tokens(of: bytes("[[[1234]]]"), limits: limits) }
        #expect(throws: JSONError.tooDeep(limit: 3)) { try tokens(of: bytes("[[[[]]]]"), limits: limits) }
        #expect(throws: JSONError.numberTooLong(limit: 4)) { try tokens(of: bytes("12345"), limits: limits) }
        let deep = [UInt8](repeating: 0x5B, count: 128) + [UInt8](repeating: 0x5D, count: 128)
        #expect(throws: Never.self) { try JSONValue(parsing: deep) }
        limits.depth = .max
        #expect(throws: JSONError.tooDeep(limit: 128)) { try tokens(of: [0x5B] + deep + [0x5D], limits: limits) }
        limits.depth = -1
        #expect(throws: JSONError.tooDeep(limit: 0)) { try tokens(of: deep, limits: limits) }
        // Objects and arrays in turn, so that every bit of the nesting counts.
        let turns = String(repeating: "{\"a\":[", count: 64) + String(repeating: "]}", count: 64)
        #expect(try JSONValue(parsing: bytes(turns)).bytes == bytes(turns))
    }

    /// A judge that nobody here wrote: Foundation reads the same values out of what the suite calls valid.
    @Test func agreesWithFoundation() throws {
        let names = Corpus.files("json/test_parsing").filter { $0.hasPrefix("y_") }
        for name in names {
            let text = try #require(Corpus.bytes("json/test_parsing/" + name))
            let theirs = try JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])
            #expect(isSame(try JSONValue(parsing: text), theirs), "\(name)")
        }
        print("compared with Foundation: \(names.count)" + (names.isEmpty ? " (no corpus)" : ""))
    }

    private func isSame(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let bool): (theirs as? Bool) == bool
        case .number(let number):
            // Foundation is one unit in the last place off for a number of 80 digits.
            (theirs as? NSNumber).map { abs($0.doubleValue - (number.double ?? .nan)) <= abs($0.doubleValue) * 1e-15 }
                ?? false
        case .string(let string): (theirs as? String) == string
        case .array(let ours):
            (theirs as? [Any]).map { $0.count == ours.count && zip(ours, $0).allSatisfy { isSame($0, $1) } } ?? false
        case .object(let ours):
            (theirs as? [String: Any]).map { theirs in
                Set(ours.members.map(\.name)) == Set(theirs.keys)
                    && theirs.allSatisfy { name, value in ours[name].map { isSame($0, value) } ?? false }
            } ?? false
        }
    }
}
