import FreshetPartialJSON
import FreshetTestSupport
import Testing

@Suite struct GrowingTests {
    /// Texts of our own that hold every held-back case.
    private static let texts = [
        #"{"a":"x","b":[1,-2.5e+3,true,false,null],"c":{"d":{"e":"long \"quoted\" text\n"}},"f":"","g":[[],{}]}"#,
        #"{"q":"\ud83d\ude00 \u00e9 \ud83d \ud83d\n \ud83d\ud83d\ude00 \ude00 \ud83dx \ud83dé \ud83d\u0041\ud83d"}"#,
        #"{"日本語":"한국어 😀 é€ 日本語","\u0061\"b":"\\ud83d"}"#,
        #"  [ "a" , 1 , {"x" : "y" } ]  "#, #""root string 😀""#, " 12 ", "-0.5E-7", "true", "null ",
        #"{"a":1,"a":"second","a":[3]}"#,
    ]

    private static func validTexts() -> [[UInt8]] {
        let suite = Corpus.files("json/test_parsing").filter { $0.hasPrefix("y_") }
        return texts.map(bytes) + suite.compactMap { Corpus.bytes("json/test_parsing/" + $0) }
    }

    @Test func everyPrefixShowsWhatTheRuleSays() throws {
        var prefixes = 0
        for text in Self.validTexts() {
            var bytewise = GrowingJSON()
            for length in 0...text.count {
                let before = bytewise.value
                let changed = length > 0 && bytewise.receive(text.span.extracting(length - 1..<length))
                let expected = try PrefixOracle.value(of: Array(text[..<length]))
                #expect(bytewise.failure == nil)
                #expect(bytewise.value == expected, "\(shown(text[..<length]))")
                #expect(changed || bytewise.value == before, "\(shown(text[..<length]))")
                #expect(growing(Array(text[..<length])).value == expected)
                prefixes += 1
            }
            #expect(try bytewise.finish() == JSONValue(parsing: text))
            #expect(bytewise.value == (try JSONValue(parsing: text)))
            #expect(bytewise.isComplete)
        }
        print("prefixes against the rule: \(prefixes)")
    }

    @Test func chunkingNeverChangesTheValue() throws {
        for text in Self.validTexts() {
            let whole = growing(text)
            for plan in Chunking.plans(count: text.count) {
                let cut = growing(text, plan: plan)
                #expect(cut.value == whole.value && cut.raw == text && cut.failure == nil)
            }
        }
    }

    /// Strings are beginnings of the final ones, arrays only grow, names stay; duplicates of a name aside.
    @Test func whatIsShownOnlyGrows() throws {
        for text in Self.validTexts() {
            let final = try JSONValue(parsing: text)
            var growing = GrowingJSON()
            var shown: JSONValue?
            for length in 1...text.count {
                growing.receive(text.span.extracting(length - 1..<length))
                let next = growing.value
                if let shown { #expect(next.map { isBeginning(shown, of: $0) } == true) }
                shown = next
                if let shown { #expect(isBeginning(shown, of: final)) }
            }
        }
    }

    private func isBeginning(_ part: JSONValue, of whole: JSONValue) -> Bool {
        switch (part, whole) {
        case (.string(let part), .string(let whole)): whole.utf8.starts(with: part.utf8)
        case (.array(let part), .array(let whole)):
            part.count <= whole.count && zip(part, whole).allSatisfy { isBeginning($0, of: $1) }
        case (.object(let part), .object(let whole)):
            part.members.count <= whole.members.count
                && zip(part.members, whole.members).allSatisfy {
                    $0.name == $1.name && isBeginning($0.value, of: $1.value)
                }
        default: part == whole
        }
    }

    @Test func pathsAreCompleteOnceTheirBytesAre() throws {
        let steps: [(chunk: String, complete: [[JSONPathStep]], open: [[JSONPathStep]])] = [
            ("{\"a\":{\"x\":1", [], [[], ["a"], ["a", "x"]]),
            (",\"y\":\"t", [["a", "x"]], [["a"], ["a", "y"]]),
            ("ext\"", [["a", "y"]], [["a"], ["a", "z"]]),
            (
                "},\"b\":[[1],[2", [["a"], ["a", "y"], ["b", 0], ["b", 0, 0]],
                [[], ["b"], ["b", 1], ["b", 1, 0], ["c"]]
            ),
            ("],\"s", [["b", 1, 0], ["b", 1]], [["b"], ["b", 2], ["b", "x"]]),
            ("\"]", [["b", 2], ["b"]], [[], ["b", 3], ["a", 0]]),
            (",\"a\":[", [["b"]], [["a"], ["a", "x"]]),
            ("]} ", [[], ["a"], ["b", 2]], [["a", "x"], ["c"], ["b", 2, 0]]),
        ]
        var growing = GrowingJSON()
        for (chunk, complete, open) in steps {
            growing.receive(bytes(chunk).span)
            for path in complete { #expect(growing.isComplete(path), "\(path) after \(chunk)") }
            for path in open { #expect(!growing.isComplete(path), "\(path) after \(chunk)") }
        }
    }

    @Test func limitsFreezeTheValue() throws {
        var limits = JSONLimits()
        limits.depth = 2
        limits.numberBytes = 3
        limits.textBytes = 20
        let cases: [(String, JSONError?, String)] = [
            ("[[1,2]]", nil, "[[1,2]]"), ("[[1,[2]]]", .tooDeep(limit: 2), "[[1]]"),
            ("[123,1234,5]", .numberTooLong(limit: 3), "[123]"),
            ("[\"0123456789012345678901234\"]", .tooLong(limit: 20), "[\"012345678901234567\"]"),
        ]
        for (json, failure, value) in cases {
            for plan in Chunking.plans(count: json.utf8.count) {
                var growing = growing(bytes(json), plan: plan, limits: limits)
                #expect(growing.failure == failure)
                #expect(growing.value.map { text($0.bytes) } == value)
                #expect(growing.raw == Array(bytes(json).prefix(20)))
                if let failure { #expect(throws: failure) { try growing.finish() } }
            }
        }
    }

    @Test func textThatIsNoJSONPassesAsText() {
        let prose = bytes("Sure! Here is the JSON: {\"a\":1}")
        let growing = growing(prose, plan: prose.indices.map { $0..<$0 + 1 })
        #expect(growing.value == nil && growing.raw == prose && growing.failure == .unexpectedByte(at: 0))
    }

    /// Random damage: never a trap, the same answer for every chunking, and a failure exactly where a strict parse of
    /// the whole would fail too.
    @Test func damagedTextsFreeze() throws {
        var numbers = SeededGenerator(seed: 11)
        let texts = Self.validTexts()
        var failures = 0
        for _ in 0..<5000 {
            guard var damaged = texts.randomElement(using: &numbers), !damaged.isEmpty else { continue }
            for _ in 0..<Int.random(in: 1...2, using: &numbers) {
                let place = damaged.indices.randomElement(using: &numbers) ?? 0
                damaged[place] = UInt8.random(in: .min ... .max, using: &numbers)
            }
            var whole = growing(damaged)
            let bytewise = growing(damaged, plan: damaged.indices.map { $0..<$0 + 1 })
            #expect(whole.value == bytewise.value && whole.failure == bytewise.failure)
            let strict = try? JSONValue(parsing: damaged)
            if strict != nil { #expect(whole.failure == nil) }
            #expect((try? whole.finish()) == strict)
            if strict == nil { failures += 1 }
        }
        print("damaged texts: 5000, of them no JSON: \(failures)")
    }

    /// Bytes received one by one cost the same at any length; the ratios are printed for a reader to judge.
    @Test func workIsLinear() {
        let clock = ContinuousClock()
        var report = ""
        for (name, unit) in [
            ("string", "plain text, \\n \\u00e9 日本語 "), ("array", "1,"), ("nested", "{\"a\":[1,\"x\"]},"),
        ] {
            let durations = [1, 2, 4].map { factor in
                let body = bytes(String(repeating: unit, count: factor * 100_000 / unit.utf8.count))
                let text = bytes(name == "string" ? "\"" : "[") + body
                return clock.measure {
                    var growing = GrowingJSON()
                    for at in text.indices { growing.receive(text.span.extracting(at..<at + 1)) }
                    _ = growing.value
                }
            }
            report += " \(name) 1 : \(durations[1] / durations[0]) : \(durations[2] / durations[0])"
        }
        print("time at N, 2N, 4N (100 kB, byte by byte):\(report)")
    }
}

/// Shows a prefix in a failure's comment.
func shown(_ prefix: ArraySlice<UInt8>) -> String { String(decoding: prefix, as: UTF8.self) }
