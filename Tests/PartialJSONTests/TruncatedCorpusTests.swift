import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// Other readers of truncated JSON, recorded. They show unfinished numbers and literals; here those are withheld, so
/// what is expected is their value without a scalar that the text may still go on with.
@Suite struct TruncatedCorpusTests {
    @Test func completionsOfTruncatedTexts() throws {
        let cases = try corpus("completions")?["cases"]?.arrayValue ?? []
        for entry in cases {
            let text = bytes(try #require(entry["text"]?.stringValue))
            let completed = try? JSONValue(parsing: bytes(try #require(entry["completed"]?.stringValue)))
            let expected = withoutOpenScalar(completed, text: text)
            for plan in Chunking.plans(count: text.count) {
                let growing = growing(text, plan: plan)
                #expect(
                    growing.value == expected && growing.failure == Self.refused[shown(text[...])],
                    "\(shown(text[...]))")
            }
        }
        #expect(cases.isEmpty || cases.count == 59)
        print("completions: \(cases.count)" + (cases.isEmpty ? " (no corpus)" : ""))
    }

    /// The other reader lets this pass: no digit follows the point.
    private static let refused: [String: JSONError] = ["12.e": .unexpectedByte(at: 3)]

    @Test func everyPrefixOfOneText() throws {
        let fixture = try corpus("every-prefix")
        let text = bytes(fixture?["text"]?.stringValue ?? "")
        let prefixes = fixture?["prefixes"]?.arrayValue ?? []
        var trimmed = 0
        for entry in prefixes {
            let prefix = Array(text.prefix(try #require(entry["length"]?.intValue)))
            let expected = withoutOpenScalar(entry["value"], text: prefix)
            if endsInsideString(prefix), prefix.last == UInt8(ascii: " ") {
                trimmed += 1  // the recorded reader cuts white space off the end of an open string
                continue
            }
            for plan in Chunking.plans(count: prefix.count) {
                #expect(growing(prefix, plan: plan).value == expected, "\(shown(prefix[...]))")
            }
        }
        #expect(prefixes.isEmpty || (prefixes.count == 178 && trimmed == 2))
        print("prefixes: \(prefixes.count), \(trimmed) left out" + (prefixes.isEmpty ? " (no corpus)" : ""))
    }

    @Test func malformedTextsFreezeAndKeepTheirBytes() throws {
        let texts = try corpus("malformed")?["texts"]?.arrayValue?.compactMap(\.stringValue) ?? []
        for malformed in texts {
            let text = bytes(malformed)
            let whole = growing(text)
            for plan in Chunking.plans(count: text.count) {
                var cut = growing(text, plan: plan)
                #expect(cut.value == whole.value && cut.failure == whole.failure, "\(malformed)")
                #expect(throws: JSONError.self, "\(malformed)") { try cut.finish() }
                #expect(cut.value == whole.value && cut.raw == text && !cut.isComplete, "\(malformed)")
                cut.receive(bytes("]}\" 1").span)
                #expect(cut.value == whole.value && cut.raw == text + bytes("]}\" 1"), "\(malformed)")
            }
            try expectFrozenAtTheLastGoodByte(text, whole)
        }
        #expect(texts.isEmpty || texts.count == 102)
        print("malformed: \(texts.count)" + (texts.isEmpty ? " (no corpus)" : ""))
    }

    private func expectFrozenAtTheLastGoodByte(_ text: [UInt8], _ whole: GrowingJSON) throws {
        guard let failure = whole.failure else { return }
        let offset: Int? =
            switch failure {
            case .unexpectedByte(let at), .invalidEscape(let at), .invalidUTF8(let at): at
            case .truncated, .tooDeep, .numberTooLong, .tooLong, .notAnObject: nil
            }
        let good = Array(text.prefix(try #require(offset)))
        let before = growing(good)
        #expect(before.failure == nil)
        // The bad byte may be what ends a number or a literal: `1 2` shows 1, `[1}` shows [1].
        #expect(whole.value == before.value || (try? PrefixOracle.value(of: good + bytes(" "))) == whole.value)
    }

    private func corpus(_ name: String) throws -> JSONValue? {
        try Corpus.bytes("json/partial/\(name).json").map { text throws(JSONError) in try JSONValue(parsing: text) }
    }

    private func endsInsideString(_ text: [UInt8]) -> Bool {
        var (isInside, at) = (false, 0)
        while at < text.count {
            if text[at] == UInt8(ascii: "\"") { isInside.toggle() }
            at += isInside && text[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return isInside
    }

    private func withoutOpenScalar(_ value: JSONValue?, text: [UInt8]) -> JSONValue? {
        let isOpen = text.last.map { !endsInsideString(text) && !bytes(" \n\r\t[]{},:\"").contains($0) } ?? false
        return isOpen ? value.flatMap(withoutLast) : value
    }

    /// The value without the scalar that was written last.
    private func withoutLast(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .null, .bool, .number, .string: return nil
        case .array(var elements):
            if let inner = elements.popLast().flatMap(withoutLast) { elements.append(inner) }
            return .array(elements)
        case .object(var object):
            if let last = object.members.popLast(), let inner = withoutLast(last.value) {
                object.members.append(.init(name: last.name, value: inner))
            }
            return .object(object)
        }
    }
}
