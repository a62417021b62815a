import FreshetEventStreams
import FreshetTestSupport
import Testing

/// What the conformance table does not hold: what a relay sees beyond the standard, limits, and joining in place.
struct EventStreamDecoderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let input: String
        let seen: [Seen]
        var testDescription: String { input.debugDescription }
    }

    static let rows: [Row] = [
        Row(input: "", seen: [end()]),
        Row(input: ": one\r\n:two\n\n", seen: [.comment(bytes(" one")), .comment(bytes("two")), end()]),
        Row(
            input: "data: a\n: between\ndata: b\n\n",
            seen: [.comment(bytes(" between")), event("a\nb"), end()]),
        Row(
            input: "{\"error\":{\ndata: x\n\n}}\n",
            seen: [.stray(bytes("{\"error\":{")), event("x"), .stray(bytes("}}")), end()]),
        Row(input: "{\"error\":1}", seen: [.stray(bytes("{\"error\":1}")), end(true)]),
        Row(input: "\0id: 1\ndatax: 1\nDATA: 1\n", seen: ["\0id: 1", "datax: 1", "DATA: 1"].map(stray) + [end()]),
        Row(input: "data: [DONE]\n", seen: [end(true, type: "", data: "[DONE]")]),
        Row(input: "data: [DONE]", seen: [end(true, type: "", data: "[DONE]")]),
        Row(input: "event: a\ndata: x\ndata: y", seen: [end(true, type: "a", data: "x\ny")]),
        Row(input: "data: x\nevent: late", seen: [end(true, type: "late", data: "x")]),
        Row(input: "data: x\n\nid: 7\n", seen: [event("x"), end(true)]),
        Row(input: "data: x\n\nid: 7", seen: [event("x"), end(true)]),
        Row(input: "data: x\n\nevent: a\n", seen: [event("x"), end(true)]),
        Row(input: "data: x\n\n: bye", seen: [event("x"), .comment(bytes(" bye")), end()]),
        Row(input: "data: x\n\ndat", seen: [event("x"), stray("dat"), end(true)]),
        Row(input: "\u{FEFF}", seen: [end()]),
        // The type may stand before, between or after the data lines it must not be lost to.
        Row(
            input: "data:1\nevent:longer than data\ndata:2\n\n", seen: [event("1\n2", type: "longer than data"), end()]),
        Row(input: "data:1\ndata:2\nevent:t\n\ndata:3\n\n", seen: [event("1\n2", type: "t"), event("3"), end()]),
        Row(input: "event:a\ndata:1\nevent:bcd\n\n", seen: [event("1", type: "bcd"), end()]),
        Row(input: "event:a\ndata:1\nevent\ndata\n\n", seen: [event("1\n"), end()]),
        Row(input: "event:a\nevent:bb\ndata:1\n\n", seen: [event("1", type: "bb"), end()]),
        Row(input: "data\nevent:x\ndata\ndata\n\n", seen: [event("\n\n", type: "x"), end()]),
    ]

    @Test(arguments: rows) func itemsAreSeenAtEveryChunking(_ row: Row) {
        let input = Array(row.input.utf8)
        for plan in Chunking.plans(count: input.count) {
            #expect(decode(input, plan).dropLast() == row.seen[...], "cut at \(plan.map(\.lowerBound))")
        }
    }

    @Test(
        arguments: [
            ("retry: 0\n", 0), ("retry: 9223372036854775807\n", .max), ("retry: 9223372036854775808\n", nil),
            ("retry: +5\n", nil), ("retry: -5\n", nil), ("retry:  5\n", nil), ("retry: ５\n", nil), ("retry: 5", nil),
        ] as [(String, Int64?)])
    func retryTakesDigitsOnly(_ input: String, _ expected: Int64?) {
        #expect(decode(input).last == .state(retry: expected, id: []))
    }

    @Test func anIDIsCommittedByTheBlankLine() throws {
        var decoder = EventStreamDecoder()
        decoder.receive(Array("id: 1\ndata: x\n".utf8).span)
        #expect(try decoder.next() == nil)
        #expect(decoder.lastEventID == [])
        decoder.receive(Array("\n".utf8).span)
        #expect(try decoder.next() != nil)
        #expect(decoder.lastEventID == bytes("1"))
    }

    @Test func aCarriageReturnDispatchesAtOnce() throws {
        var decoder = EventStreamDecoder()
        decoder.receive(Array("data: x\r\n\r".utf8).span)
        #expect(try decoder.next() == .event(type: 0..<0, data: 6..<7))
    }

    @Test func theEndIsGivenOnce() throws {
        var decoder = EventStreamDecoder()
        decoder.finish()
        #expect(try decoder.next() == .end(unfinished: false))
        #expect(try decoder.next() == nil)
    }
}

/// Limits hold at the byte, however the bytes are cut.
struct EventStreamLimitTests {
    static let limits: EventStreamLimits = {
        var limits = EventStreamLimits()
        (limits.lineBytes, limits.eventBytes) = (10, 12)
        return limits
    }()

    static let rows: [EventStreamDecoderTests.Row] = [
        .init(input: "data: 7890\n\n", seen: [event("7890"), end()]),
        .init(input: "\u{FEFF}data: 7890\n\n", seen: [event("7890"), end()]),
        .init(input: "data: x\n\ndata: 78901\n\n", seen: [event("x"), .failed(.lineTooLong(limit: 10))]),
        .init(input: "data: x\n\ndata: 7890123456789", seen: [event("x"), .failed(.lineTooLong(limit: 10))]),
        .init(input: "data:67890\ndata:123456\n\n", seen: [.failed(.lineTooLong(limit: 10))]),
        .init(input: "data:67890\ndata:12345\ndata\n\n", seen: [event("67890\n12345\n"), end()]),
        .init(input: "data:67890\ndata:12345\ndata\ndata\n\n", seen: [.failed(.eventTooLong(limit: 12))]),
    ]

    @Test(arguments: rows) func limitsHoldAtTheByte(_ row: EventStreamDecoderTests.Row) {
        let input = Array(row.input.utf8)
        for plan in Chunking.plans(count: input.count) {
            #expect(decode(input, plan, limits: Self.limits).dropLast() == row.seen[...], "cut at \(plan)")
        }
    }

    @Test func theBufferStaysSmallWhileABlockNeverEnds() throws {
        var decoder = EventStreamDecoder()
        let line = Array("data\n: a comment that goes\nid: 1\nretry: 2\nstray\n".utf8)
        for _ in 0..<20_000 {
            decoder.receive(line.span)
            while try decoder.next() != nil {}
        }
        // 20,000 bytes are data; the buffer may hold as much again, and one chunk.
        #expect(decoder.bytes.count < 2 * 20_000 + 2 * line.count)
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func stray(_ text: String) -> Seen { .stray(bytes(text)) }
func event(_ data: String, type: String = "") -> Seen { .event(type: type, data: bytes(data), id: []) }
func end(_ unfinished: Bool = false, type: String? = nil, data: String? = nil) -> Seen {
    .end(unfinished: unfinished, type: type, data: data.map(bytes))
}
