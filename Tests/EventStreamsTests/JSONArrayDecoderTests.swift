import FreshetEventStreams
import FreshetTestSupport
import Testing

struct JSONArrayDecoderTests {
    struct Reading: Equatable {
        let elements: [[UInt8]]
        let outcome: Outcome
    }

    enum Outcome: Equatable, Sendable {
        case complete, cut
        case failed(JSONArrayError)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let input: String
        let elements: [String]
        let outcome: Outcome
        var testDescription: String { input.debugDescription }
        init(_ input: String, _ elements: [String], _ outcome: Outcome) {
            (self.input, self.elements, self.outcome) = (input, elements, outcome)
        }
    }

    static let rows: [Row] = [
        Row("", [], .cut), Row("[", [], .cut), Row(" [ ] \r\n", [], .complete),
        Row("[{},\r\n{\"a\":[1,{}]}\r\n]\n", ["{}", "{\"a\":[1,{}]}"], .complete),
        Row("[{}", ["{}"], .cut), Row("[{},", ["{}"], .cut), Row("[{},{\"a\":", ["{}"], .cut),
        Row("{\"error\":{}}", ["{\"error\":{}}"], .complete), Row(" {} \n", ["{}"], .complete), Row("{", [], .cut),
        Row(#"[{"}\"\\":"["}]"#, [#"{"}\"\\":"["}"#], .complete),
        Row("x", [], .failed(.unexpected(UInt8(ascii: "x")))),
        Row("[1]", [], .failed(.unexpected(UInt8(ascii: "1")))),
        Row("[{}{}]", ["{}"], .failed(.unexpected(UInt8(ascii: "{")))),
        Row("[{},]", ["{}"], .failed(.unexpected(UInt8(ascii: "]")))),
        Row("[,{}]", [], .failed(.unexpected(UInt8(ascii: ",")))),
        Row("[{}]]", ["{}"], .failed(.unexpected(UInt8(ascii: "]")))),
        Row("{}{}", ["{}"], .failed(.unexpected(UInt8(ascii: "{")))),
        Row("{},", ["{}"], .failed(.unexpected(UInt8(ascii: ",")))),
        Row("[{]", [], .failed(.unexpected(UInt8(ascii: "]")))),
        Row("[{\"a\":[}]", [], .failed(.unexpected(UInt8(ascii: "}")))),
        Row("[{\"\":[[]]}]", ["{\"\":[[]]}"], .complete), Row("[{\"\":[[[", [], .failed(.tooDeep(limit: 3))),
        Row("[{\"234567890\"}", ["{\"234567890\"}"], .cut),
        Row("[{\"2345678901\"}", [], .failed(.elementTooLong(limit: 13))),
        Row("[{\"2345678901", [], .cut), Row("[{\"234567890123", [], .failed(.elementTooLong(limit: 13))),
    ]

    @Test(arguments: rows) func elementsAreFoundAtEveryChunking(_ row: Row) {
        var limits = JSONArrayLimits()
        (limits.elementBytes, limits.depth) = (13, 3)
        let input = bytes(row.input)
        for plan in Chunking.plans(count: input.count) {
            let expected = Reading(elements: row.elements.map(bytes), outcome: row.outcome)
            #expect(read(input, plan, limits: limits) == expected, "cut at \(plan)")
        }
    }

    @Test func depthOf128IsTaken() {
        let nested = String(repeating: "{\"\":", count: 128) + "1" + String(repeating: "}", count: 128)
        let input = bytes("[" + nested + "]")
        #expect(read(input, [0..<input.count]) == Reading(elements: [bytes(nested)], outcome: .complete))
        let deeper = bytes("[{\"\":" + nested)
        #expect(read(deeper, [0..<deeper.count]) == Reading(elements: [], outcome: .failed(.tooDeep(limit: 128))))
    }

    @Test func theRecordedArraysComeApart() {
        let counts = [
            "langchaingo-testgoogleaiwithstreaming": 13, "llm-prompt": 3, "llm-tools-with": 2, "openinference": 1,
        ]
        let files = Corpus.streams { $0 == "json-array" }
        for (name, input) in files {
            let whole = read(input, [0..<input.count])
            #expect(whole.outcome == .complete, "\(name)")
            #expect(counts.contains { name.contains($0.key) && whole.elements.count == $0.value }, "\(name)")
            for plan in Chunking.plans(count: input.count) {
                #expect(read(input, plan) == whole, "\(name)")
            }
        }
        print("recorded JSON arrays: \(files.count)")
        #expect(Corpus.root == nil || files.count == 4)
    }

    private func read(_ input: [UInt8], _ plan: [Range<Int>], limits: JSONArrayLimits = .init()) -> Reading {
        var decoder = JSONArrayDecoder(limits: limits)
        var elements: [[UInt8]] = []
        do {
            for range in plan {
                decoder.receive(input.span.extracting(range))
                while let element = try decoder.next() { elements.append(Array(decoder.bytes[element])) }
            }
            decoder.finish()
            #expect(try decoder.next() == nil)
            return Reading(elements: elements, outcome: decoder.isComplete ? .complete : .cut)
        } catch {
            #expect(throws: error) { try decoder.next() }
            return Reading(elements: elements, outcome: .failed(error))
        }
    }
}
