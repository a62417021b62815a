import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What clients of Gemini are told of answers of other dialects.
struct GeminiEncoderTests {
    private static let head = "{\"candidates\":[{\"content\":{\"parts\":["
    private static let tail = ",\"modelVersion\":\"big\",\"responseId\":\"r1\"}"

    private static func chunk(_ parts: String, _ more: String = "", usage: String = "") -> String {
        "\(head)\(parts)],\"role\":\"model\"}\(more),\"index\":0}]\(usage)\(tail)"
    }

    private static func log(_ events: [GenerationEvent], _ end: GenerationEnd) -> GenerationLog {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.attempt(Attempt(route: "a/b", providerModel: "big", providerID: "r1")))
        for event in events { log.append(event) }
        log.append(.generationEnd(end))
        return log
    }

    private static func lines(
        _ events: [GenerationEvent], _ end: GenerationEnd = GenerationEnd(outcome: .finished, finishReason: .stop)
    ) -> [String] {
        log(events, end).encoded(by: GeminiEncoder(framing: .jsonLines)).split(separator: "\n").map(String.init)
    }

    private static func reasoning(_ block: Int, _ text: String, _ signature: Signature?) -> [GenerationEvent] {
        var events: [GenerationEvent] = [.blockStart(BlockStart(block: block, kind: .reasoning))]
        if !text.isEmpty { events.append(.blockDelta(block: block, kind: .reasoning, text: text)) }
        if let signature { events.append(.signature(block: block, signature)) }
        return events + [.blockEnd(block: block, kind: .reasoning)]
    }

    private static func call(_ block: Int, _ arguments: String, isProviders: Bool = false) -> [GenerationEvent] {
        let start = BlockStart(
            block: block, kind: .toolInput, callID: "c\(block)", name: "f", isProviderExecuted: isProviders)
        return [
            .blockStart(start), .blockDelta(block: block, kind: .toolInput, text: arguments),
            .blockEnd(block: block, kind: .toolInput),
        ]
    }

    private static func text(_ block: Int, _ text: String, _ kind: BlockKind = .text) -> [GenerationEvent] {
        [
            .blockStart(BlockStart(block: block, kind: kind)), .blockDelta(block: block, kind: kind, text: text),
            .blockEnd(block: block, kind: kind),
        ]
    }

    private static let stop = chunk("{\"text\":\"\"}", ",\"finishReason\":\"STOP\"")

    @Test func signaturesStandOnThePartBehind() {
        let native = Signature(dialect: .gemini, value: "S")
        #expect(
            Self.lines(Self.reasoning(0, "hm", native) + Self.call(1, "{\"a\": 1}") + Self.reasoning(2, "", native))
                == [
                    Self.chunk("{\"thought\":true,\"text\":\"hm\"}"),
                    Self.chunk(
                        "{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\": 1},\"id\":\"c1\"},\"thoughtSignature\":\"S\"}"
                    ),
                    Self.chunk("{\"text\":\"\",\"thoughtSignature\":\"S\"}", ",\"finishReason\":\"STOP\""),
                ])
        let other = Signature(dialect: .anthropic, value: "x/=", isRedacted: true)
        let carried = other.value(for: .gemini)
        #expect(Signature(given: carried, by: .gemini) == other)
        #expect(
            Self.lines(Self.reasoning(0, "", other) + Self.text(1, "a")) == [
                Self.chunk("{\"text\":\"a\",\"thoughtSignature\":\"\(carried)\"}"), Self.stop,
            ])
    }

    @Test func whatTheProviderRunsItselfIsLeftOut() {
        #expect(
            Self.lines(Self.call(0, "{}", isProviders: true) + Self.text(1, "no", .refusal)) == [
                Self.chunk("{\"text\":\"no\"}"), Self.stop,
            ])
    }

    @Test(arguments: [
        ("", "{}"), ("{\"a\":\n1}", "{\"a\": 1}"), ("[1]", "{\"INVALID_JSON\":\"[1]\"}"),
        ("{\"a\"", "{\"INVALID_JSON\":\"{\\\"a\\\"\"}"),
    ])
    func argumentsAreAnObject(_ given: String, _ written: String) {
        #expect(
            Self.lines(Self.call(0, given))[0]
                == Self.chunk("{\"functionCall\":{\"name\":\"f\",\"args\":\(written),\"id\":\"c0\"}}"))
    }

    @Test(arguments: [
        (FinishReason.stop, "STOP\""), (.toolCalls, "STOP\""), (.length, "MAX_TOKENS\""), (.contentFilter, "SAFETY\""),
        (.unrecognized("NO_IMAGE"), "NO_IMAGE\""),
        (
            .unrecognized("pause_turn"),
            "OTHER\",\"finishMessage\":\"the provider ended its answer with pause_turn\""
        ),
    ])
    func finishes(_ reason: FinishReason, _ word: String) {
        let written = Self.lines(
            [.finish(choice: 0, reason: reason)], GenerationEnd(outcome: .finished, finishReason: reason))
        #expect(written == [Self.chunk("{\"text\":\"\"}", ",\"finishReason\":\"\(word)")])
    }

    @Test func theLastChunkHasUsageAndSources() {
        var usage = Usage(inputTokens: 9, outputTokens: 21)
        (usage.cachedInputTokens, usage.reasoningTokens) = (4, 20)
        var events = Self.text(0, "abc") + Self.text(1, "defg")
        events.insert(.citation(block: 0, Citation(url: "u", title: "t", text: "w")), at: 2)
        events.insert(.citation(block: 1, Citation(title: "d", text: "x", start: 1, end: 2)), at: 6)
        let written = Self.lines(events, GenerationEnd(outcome: .finished, finishReason: .stop, usage: usage))
        let sources =
            "\"groundingChunks\":[{\"web\":{\"uri\":\"u\",\"title\":\"t\"}},"
            + "{\"retrievedContext\":{\"title\":\"d\",\"text\":\"x\"}}],"
            + "\"groundingSupports\":[{\"segment\":{\"startIndex\":4,\"endIndex\":5},\"groundingChunkIndices\":[1]}]"
        let counts =
            "\"promptTokenCount\":9,\"candidatesTokenCount\":1,\"cachedContentTokenCount\":4,\"thoughtsTokenCount\":20,"
            + "\"totalTokenCount\":30"
        #expect(
            written.last
                == Self.chunk(
                    "{\"text\":\"\"}", ",\"finishReason\":\"STOP\",\"groundingMetadata\":{\(sources)}",
                    usage: ",\"usageMetadata\":{\(counts)}"))
    }

    @Test(arguments: [(Outcome.stopped, "STOP"), (.overBudget, "MAX_TOKENS")])
    func endsBeforeTheModelsOwn(_ outcome: Outcome, _ word: String) {
        let cut = Array(Self.call(0, "{\"a\"").dropLast())
        #expect(
            Self.lines(cut + [.usage(Usage(inputTokens: 1, outputTokens: 2))], GenerationEnd(outcome: outcome)) == [
                Self.chunk(
                    "{\"text\":\"\"}", ",\"finishReason\":\"\(word)\"",
                    usage:
                        ",\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":2,\"totalTokenCount\":3}")
            ])
    }

    @Test func failuresEndTheBodyUncleanly() {
        let failure = GenerationFailure(code: .providerTimeout, message: "slow", isRetryable: true)
        let log = Self.log(Self.text(0, "a"), GenerationEnd(outcome: .failed, failure: failure))
        let error =
            "{\"error\":{\"code\":504,\"message\":\"slow\",\"status\":\"DEADLINE_EXCEEDED\",\"details\":[{\"@type\":"
            + "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"provider_timeout\",\"domain\":\"freshet\"}]}}"
        let first = Self.chunk("{\"text\":\"a\"}")
        #expect(log.encoded(by: GeminiEncoder()) == "data: \(first)\r\n\r\n\(error)\r\n\r\n")
        #expect(log.encoded(by: GeminiEncoder(framing: .eventStream)) == "data: \(first)\n\ndata: \(error)\n\n")
        #expect(log.encoded(by: GeminiEncoder(framing: .jsonArray)) == "[\(first),\r\n\(error)]")
        #expect(GeminiEncoder().endsCleanly(after: .failed) == false)
        #expect(GeminiEncoder().endsCleanly(after: .stopped))
    }

    /// Google's own client takes any line that is no data for an error, and an older one no event behind a blank line.
    @Test func nothingButDataIsSent() {
        #expect(GeminiEncoder().heartbeat.isEmpty && GeminiEncoder(framing: .jsonArray).heartbeat == [0x20])
        let log = Self.log(Self.text(0, "a"), GenerationEnd(outcome: .finished))
        #expect(log.encoded(by: GeminiEncoder()).split(separator: "\r\n").allSatisfy { $0.hasPrefix("data: {") })
    }

    /// Half a character waits for the other half: chunks are read one by one.
    @Test func charactersAreNeverCut() {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.blockStart(BlockStart(block: 0, kind: .text)))
        for bytes: [UInt8] in [[0x61, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80, 0x62], [0xED, 0xA0, 0xBD]] {
            log.appendDelta(block: 0, kind: .text) { $0 += bytes }
        }
        log.append(.blockEnd(block: 0, kind: .text))
        let texts = log.encoded(by: GeminiEncoder(framing: .jsonLines)).split(separator: "\n").compactMap {
            try? JSONValue(parsing: Array($0.utf8))["candidates"]?[0]?["content"]?["parts"]?[0]?["text"]?.stringValue
        }
        #expect(texts == ["a", "😀b", "\u{FFFD}"])
    }
}
