import FreshetGeneration
import FreshetTestSupport
import Testing

struct GenerationIDTests {
    @Test(arguments: [
        (UInt64(0), UInt16(0), UInt64(0), "gen_00000000000000000000000000"),
        (0, 0, 1, "gen_00000000000000000000000001"),
        (0, 0, 31, "gen_0000000000000000000000000z"),
        (0, 0, 32, "gen_00000000000000000000000010"),
        (0, 1, 0, "gen_0000000000000g000000000000"),
        (1, 0, 0, "gen_00000000010000000000000000"),
        (0xFFFF_FFFF_FFFF, .max, .max, "gen_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        (1_763_650_000_000, 0x0123, 0x4567_89AB_CDEF_0123, "gen_01kagvpn4004hmasw9nf6yy093"),
    ])
    func writesAndReadsTheSame(_ time: UInt64, _ high: UInt16, _ low: UInt64, _ wire: String) throws {
        let id = GenerationID(milliseconds: time, random: (high, low))
        #expect(String(describing: id) == wire)
        #expect(GenerationID(wire) == id)
        #expect(try #require(GenerationID(wire)).milliseconds == time)
    }

    @Test(arguments: [
        "", "gen_", "gen_0000000000000000000000000", "gen_000000000000000000000000000",
        "gen_80000000000000000000000000", "gen_0000000000000000000000000i", "gen_0000000000000000000000000L",
        "gen_0000000000000000000000000o", "gen_0000000000000000000000000u", "gen_0000000000000000000000000Z",
        "Gen_00000000000000000000000000", "gen-00000000000000000000000000", " gen_0000000000000000000000000",
        "gen_000000000000000000000000é", "gen_0000000000000000000000000\0",
    ])
    func refusesAnythingElse(_ text: String) { #expect(GenerationID(text) == nil) }

    @Test func everyIDComesBackAndSortsByTime() {
        var numbers = SeededGenerator(seed: 4)
        var before = ""
        for time in 0..<2000 {
            let random = (UInt16(truncatingIfNeeded: numbers.next()), numbers.next())
            let id = GenerationID(milliseconds: UInt64(time) << 37 &+ UInt64(time), random: random)
            let wire = String(describing: id)
            #expect(GenerationID(wire) == id)
            #expect(before < wire)
            before = wire
        }
    }
}

struct EventCursorTests {
    static let id = "gen_00000000000000000000000001"

    @Test(arguments: [
        (":0", UInt64(0), Int?.none), (":1", 1, nil), (":18446744073709551615", .max, nil), (":007", 7, nil),
        (":4.0", 4, 0), (":4.65535", 4, 65535),
    ])
    func reads(_ end: String, _ sequence: UInt64, _ part: Int?) throws {
        let cursor = try #require(EventCursor(Self.id + end))
        #expect(cursor.sequence == sequence)
        #expect(cursor.part == part)
        #expect(String(describing: cursor.generation) == Self.id)
    }

    @Test(arguments: [
        "", ":", ": 1", ":+1", ":-1", ":1 ", ":1.", ":1.+2", ":1.65536", ":0.0", ":.1", ":1.2.3", ":1:2", ":0x1",
        ":18446744073709551616",
        ":١", ":1\n",
    ])
    func refuses(_ end: String) { #expect(EventCursor(Self.id + end) == nil) }

    @Test(arguments: ["gen_:1", ":1", "1", "gen_0000000000000000000000000:1"])
    func refusesWithoutAnID(_ text: String) { #expect(EventCursor(text) == nil) }
}

struct WordTests {
    @Test func finishReasonsComeBack() {
        for word in ["stop", "length", "tool_calls", "content_filter", "eos_token", ""] {
            #expect(FinishReason(wire: word).wire == word)
        }
        #expect(FinishReason(wire: "length") == .length)
        #expect(FinishReason(wire: "STOP") == .unrecognized("STOP"))
    }

    @Test(arguments: [
        (GenerationFailure.Code.invalidRequest, 400), (.unauthorized, 401), (.modelNotFound, 404), (.tooLarge, 413),
        (.overloaded, 503), (.shuttingDown, 503), (.providerAuth, 502), (.providerUnreachable, 502),
        (.providerMalformed, 502), (.providerTruncated, 502), (.providerError, 502), (.providerTimeout, 504),
        (.logFull, 502), ("rate_limit_exceeded", 502),
    ])
    func failuresHaveAStatus(_ code: GenerationFailure.Code, _ status: Int) {
        #expect(GenerationFailure(code: code, message: "", isRetryable: false).status == status)
    }

    @Test func usageKeepsTheLargerOfEachField() {
        var usage = Usage(inputTokens: 9, outputTokens: 2)
        usage.merge(Usage(inputTokens: nil, outputTokens: 21))
        usage.merge(Usage(inputTokens: 3, outputTokens: nil))
        #expect(usage == Usage(inputTokens: 9, outputTokens: 21))
        var details = Usage()
        details.cachedInputTokens = 5
        details.reasoningTokens = 0
        details.isEstimate = true
        usage.merge(details)
        #expect((usage.cachedInputTokens, usage.reasoningTokens) == (5, 0))
        #expect(usage.isEstimate)
    }
}
