import FreshetEventStreams
import FreshetTestSupport
import Testing

struct JSONLinesDecoderTests {
    @Test(arguments: [
        ("", []), ("\n", []), ("{}\n", ["{}"]), ("{}", ["{}"]), ("{\"a\":1}\r\n{}\r\n", ["{\"a\":1}", "{}"]),
        (" {}\n \n\n\t{}\t\r\n \r\n", ["{}", "{}"]), ("{}\n{\"cut", ["{}", "{\"cut"]), ("1\r2\n", ["1\r2"]),
        ("{}\r", ["{}"]), ("\"€🙂\"\n", ["\"€🙂\""]),
    ])
    func documentsAreFoundAtEveryChunking(_ text: String, _ expected: [String]) {
        let input = bytes(text)
        for plan in Chunking.plans(count: input.count) {
            #expect(lines(input, plan) == expected.map(bytes), "cut at \(plan)")
        }
    }

    @Test func theLimitHoldsAtTheByte() {
        var limits = EventStreamLimits()
        limits.lineBytes = 4
        for (text, expected) in [("1234\n12345\n", 1), ("1234\n12345", 1), ("1234\n1234", 2)] {
            let input = bytes(text)
            for plan in Chunking.plans(count: input.count) {
                let found = lines(input, plan, limits: limits)
                #expect(found.prefix(expected) == Array(repeating: bytes("1234"), count: expected)[...])
                #expect(found.count == (expected == 1 ? 2 : expected))
            }
        }
    }

    @Test func theRecordedLinesComeBack() {
        let files = Corpus.streams { $0 == "ndjson" || $0 == "chunk-lines" }
        for (name, input) in files {
            let expected = input.split { $0 == 0x0A }.map { Array($0) }
            for plan in Chunking.plans(count: input.count, random: 10) where plan.count < 20_000 {
                #expect(lines(input, plan) == expected, "\(name)")
            }
        }
        print("recorded line streams: \(files.count)")
        #expect(Corpus.root == nil || files.count == 54)
    }

    /// The documents in order; a failure shows as one more, empty.
    private func lines(_ input: [UInt8], _ plan: [Range<Int>], limits: EventStreamLimits = .init()) -> [[UInt8]] {
        var decoder = JSONLinesDecoder(limits: limits)
        var found: [[UInt8]] = []
        do {
            for range in plan {
                decoder.receive(input.span.extracting(range))
                while let line = try decoder.next() { found.append(Array(decoder.bytes[line])) }
            }
            decoder.finish()
            while let line = try decoder.next() { found.append(Array(decoder.bytes[line])) }
        } catch {
            #expect(throws: error) { try decoder.next() }
            found.append([])
        }
        return found
    }
}
