import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The parsing suite: `y_` must be accepted, `n_` rejected, `i_` either.
@Suite struct ConformanceTests {
    @Test func verdictsOfTheParsingSuite() throws {
        let names = Corpus.files("json/test_parsing")
        var verdicts = (accepted: 0, rejected: 0, free: 0)
        for name in names {
            let text = try #require(Corpus.bytes("json/test_parsing/" + name))
            let value = try? JSONValue(parsing: text)
            switch name.first {
            case "y":
                #expect(value != nil, "\(name)")
                verdicts.accepted += 1
            case "n":
                #expect(value == nil, "\(name)")
                verdicts.rejected += 1
            default: verdicts.free += 1
            }
            if let value { #expect(try JSONValue(parsing: value.bytes) == value, "\(name)") }
        }
        #expect(names.isEmpty || verdicts == (95, 188, 35))
        print("parsing suite: \(verdicts)" + (names.isEmpty ? " (no corpus)" : ""))
    }

    private static let transforms: [(file: String, written: String)] = [
        ("number_-9223372036854775808", "[-9223372036854775808]"),
        ("number_-9223372036854775809", "[-9223372036854775809]"),
        ("number_1.0", "[1.0]"),
        ("number_1.000000000000000005", "[1.000000000000000005]"),
        ("number_1000000000000000", "[1000000000000000]"),
        ("number_10000000000000000999", "[10000000000000000999]"),
        ("number_1e-999", "[1E-999]"),
        ("number_1e6", "[1E6]"),
        ("number_9223372036854775807", "[9223372036854775807]"),
        ("number_9223372036854775808", "[9223372036854775808]"),
        ("object_key_nfc_nfd", "{\"\u{E9}\":\"NFC\",\"e\u{301}\":\"NFD\"}"),
        ("object_key_nfd_nfc", "{\"e\u{301}\":\"NFD\",\"\u{E9}\":\"NFC\"}"),
        ("object_same_key_different_values", #"{"a":1,"a":2}"#),
        ("object_same_key_same_value", #"{"a":1,"a":1}"#),
        ("object_same_key_unclear_values", #"{"a":0,"a":-0}"#),
        ("string_1_escaped_invalid_codepoint", "[\"\u{FFFD}\"]"),
        ("string_2_escaped_invalid_codepoints", "[\"\u{FFFD}\u{FFFD}\"]"),
        ("string_3_escaped_invalid_codepoints", "[\"\u{FFFD}\u{FFFD}\u{FFFD}\"]"),
        ("string_with_escaped_NULL", #"["A\u0000B"]"#),
    ]
    private static let rejected = [
        "string_1_invalid_codepoint", "string_2_invalid_codepoints", "string_3_invalid_codepoints",
    ]

    @Test func transformsKeepDigitsOrderAndDuplicates() throws {
        let names = Corpus.files("json/test_transform")
        for (file, written) in Self.transforms where !names.isEmpty {
            let text = try #require(Corpus.bytes("json/test_transform/\(file).json"))
            #expect(String(decoding: try JSONValue(parsing: text).bytes, as: UTF8.self) == written, "\(file)")
        }
        for file in Self.rejected where !names.isEmpty {
            let text = try #require(Corpus.bytes("json/test_transform/\(file).json"))
            #expect(throws: JSONError.invalidUTF8(at: 2), "\(file)") { try JSONValue(parsing: text) }
        }
        #expect(names.isEmpty || names.count == Self.transforms.count + Self.rejected.count)
        print("transform suite: \(names.count)" + (names.isEmpty ? " (no corpus)" : ""))
    }
}
