import FreshetPartialJSON
import FreshetTestSupport
import Testing

@Suite struct SpliceTests {
    private func spliced(_ object: String, _ edits: [(String, String?)]) throws -> String {
        let edits = edits.map { (name: $0.0, value: $0.1.map(bytes)) }
        return text(try JSONSplice.applying(edits, to: bytes(object).span))
    }

    @Test func onlyTheNamedMembersChange() throws {
        let cases: [(object: String, edits: [(String, String?)], result: String)] = [
            (#"{"a":1}"#, [], #"{"a":1}"#),
            (#" { "a" : 1.50 , "b":[ 1,2 ] }  "#, [("a", "2")], #" { "a" : 2 , "b":[ 1,2 ] }  "#),
            (#"{"a":1, "b":2,  "c":3}"#, [("b", nil)], #"{"a":1,  "c":3}"#),
            (#"{ "a":1, "b":2,  "c":3}"#, [("a", nil)], #"{ "b":2,  "c":3}"#),
            (#"{"a":1, "b":2,  "c":3 }"#, [("c", nil)], #"{"a":1, "b":2 }"#),
            (#"{"a":1, "b":2,  "c":3 }"#, [("a", nil), ("b", nil)], #"{"c":3 }"#),
            (#"{ "a":1 }"#, [("a", nil)], #"{  }"#),
            (#"{"a":1,"b":2,"a":3}"#, [("a", "4")], #"{"a":4,"b":2,"a":4}"#),
            (#"{"a":1,"b":2,"a":3}"#, [("a", nil)], #"{"b":2}"#),
            (#"{"a":1 }"#, [("b", "\"x\""), ("c", "[]")], #"{"a":1,"b":"x","c":[] }"#),
            ("{}", [("b", "1")], #"{"b":1}"#), (" {\n} ", [("b", "1"), ("c", nil)], " {\"b\":1\n} "),
            (#"{"a":1}"#, [("a", nil), ("b", "2")], #"{"b":2}"#),
            (#"{"\u0061":1,"b":{"a":2}}"#, [("a", "9")], #"{"\u0061":9,"b":{"a":2}}"#),
            (#"{"a":1}"#, [("a", "2"), ("a", "3")], #"{"a":3}"#),
            (#"{}"#, [("q\"", "2"), ("q\"", "3")], #"{"q\"":3}"#),
            ("{\"e\u{301}\":1}", [("\u{E9}", "2")], "{\"e\u{301}\":1,\"\u{E9}\":2}"),
        ]
        for (object, edits, result) in cases { #expect(try spliced(object, edits) == result, "\(object) \(edits)") }
    }

    @Test(arguments: [
        ("[]", JSONError.notAnObject(at: 0)), (" 1", .notAnObject(at: 1)), ("", .truncated(at: 0)),
        ("{\"a\":1", .truncated(at: 6)), ("{\"a\":1} x", .unexpectedByte(at: 8)),
        ("{\"a\":[1}", .unexpectedByte(at: 7)),
    ])
    func whatIsNoObjectIsRefused(_ object: String, _ error: JSONError) {
        #expect(throws: error) { try spliced(object, [("a", "2")]) }
    }

    @Test func membersHaveTheirPlaces() throws {
        let object = bytes(#"{ "a" : [1] ,"b":2}"#)
        let members = try JSONSplice.members(of: object.span)
        #expect(members.map { text(Array(object[$0.memberRange])) } == [#""a" : [1]"#, #""b":2"#])
        #expect(members.map { text(Array(object[$0.valueRange])) } == ["[1]", "2"])
        #expect(members.map { $0.name.string(in: object) } == ["a", "b"])
    }

    /// For random objects and edits: the value is what setting members would give, and what was not named keeps its
    /// bytes and its order.
    @Test func theValueIsAsIfMembersWereSet() throws {
        var numbers = SeededGenerator(seed: 3)
        let spaces = ["", " ", "\n\t", "  "]
        func space() -> String { spaces.randomElement(using: &numbers) ?? "" }
        for _ in 0..<500 {
            let parts = (0..<Int.random(in: 0...5, using: &numbers)).map { _ in
                let name = ["a", "b", "c", "d"].randomElement(using: &numbers) ?? ""
                return "\"\(name)\"\(space()):\(space())[\(space())\(UInt8.random(in: 0...9, using: &numbers)).0]"
            }
            let object = "{" + parts.map { space() + $0 + space() }.joined(separator: ",") + space() + "}"
            let edits = ["a", "b", "x"].filter { _ in Bool.random(using: &numbers) }.map {
                ($0, Bool.random(using: &numbers) ? "\"new\"" : nil)
            }
            let result = try spliced(object, edits)
            let value = try JSONValue(parsing: bytes(result))
            for (name, new) in edits { #expect(value[name]?.stringValue == (new == nil ? nil : "new"), "\(object)") }
            let kept = parts.filter { part in !edits.contains { part.hasPrefix("\"\($0.0)\"") } }
            var rest = result[...]
            for part in kept {
                let place = try #require(rest.firstRange(of: part), "\(object) → \(result)")
                rest = rest[place.upperBound...]
            }
            let members = try JSONSplice.members(of: bytes(result).span).count
            let replaced = parts.count - kept.count
            let bounds = kept.count...(kept.count + replaced + edits.count)
            #expect(bounds.contains(members))
        }
    }
}
