import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What clients of this dialect are told of answers of all dialects.
struct AnthropicEncoderTests {
    /// A log of events, deltas given as `blockDelta`.
    static func log(_ events: [GenerationEvent], end: GenerationEnd? = nil) -> GenerationLog {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.attempt(Attempt(route: "a/b", providerModel: "big", providerID: "resp_1")))
        for event in events { log.append(event) }
        log.append(
            .generationEnd(end ?? GenerationEnd(outcome: .finished, finishReason: log.fold().finishes.first?.reason)))
        return log
    }

    /// The events in a few letters: `+0 {block}`, `0 {delta}`, `-0`, `end_turn`, `stop`.
    static func script(_ log: GenerationLog) throws -> [String] {
        let reader = try AnthropicReader(log.encoded(by: AnthropicEncoder()))
        #expect(reader.broken == [])
        return reader.events.dropFirst().map(line)
            + (reader.error.map { ["error \($0["error"]?["type"]?.stringValue ?? "")"] } ?? [])
    }

    private static func line(_ event: JSONValue) -> String {
        let index = event["index"]?.intValue.map(String.init) ?? ""
        return switch event["type"]?.stringValue {
        case "content_block_start": "+\(index) \(event["content_block"]?.text ?? "")"
        case "content_block_delta":
            "\(index) "
                + (event["delta"]?.objectValue?.members.dropFirst().map { $0.value.stringValue ?? $0.value.text }
                    .joined() ?? "")
        case "content_block_stop": "-\(index)"
        case "message_delta": event["delta"]?["stop_reason"]?.stringValue ?? ""
        default: "stop"
        }
    }

    private static let text = #"{"type":"text","text":""}"#
    private static let thinking = #"{"type":"thinking","thinking":"","signature":""}"#

    private static func call(_ id: String) -> String { #"{"type":"tool_use","id":"\#(id)","name":"f","input":{}}"# }

    private static func begin(
        _ block: Int, _ kind: BlockKind = .toolInput, choice: Int = 0, isTheirs: Bool = false
    ) -> GenerationEvent {
        let isCall = kind == .toolInput
        return .blockStart(
            BlockStart(
                block: block, kind: kind, choice: choice, callID: isCall ? "c\(block)" : "", name: isCall ? "f" : "",
                isProviderExecuted: isTheirs))
    }

    private static func say(_ block: Int, _ text: String, _ kind: BlockKind = .toolInput) -> GenerationEvent {
        .blockDelta(block: block, kind: kind, text: text)
    }

    private static func end(_ block: Int, _ kind: BlockKind = .toolInput) -> GenerationEvent {
        .blockEnd(block: block, kind: kind)
    }

    private static func finish(_ reason: FinishReason) -> GenerationEvent { .finish(choice: 0, reason: reason) }

    static let cases: [(name: String, events: [GenerationEvent], script: [String])] = [
        (
            "interleaved calls come one after the other, the oldest at once",
            [
                begin(0), begin(1), say(1, "{"), say(0, "[1"), say(1, "}"), say(0, "]"), end(0), end(1),
                finish(.toolCalls),
            ],
            ["+0 \(call("c0"))", "0 [1", "0 ]", "-0", "+1 \(call("c1"))", "1 {}", "-1", "tool_use", "stop"]
        ),
        (
            "a call that ends first waits for the one before",
            [begin(0), begin(1), say(1, "2"), end(1), say(0, "1"), begin(2), say(2, "3"), end(0), say(2, "3"), end(2)],
            [
                "+0 \(call("c0"))", "0 1", "-0", "+1 \(call("c1"))", "1 2", "-1", "+2 \(call("c2"))", "2 3", "2 3",
                "-2", "tool_use", "stop",
            ]
        ),
        (
            "text without text is no block",
            [
                begin(0, .text), end(0, .text), begin(1, .reasoning), end(1, .reasoning), begin(2, .text),
                say(2, "a", .text), end(2, .text), finish(.stop),
            ],
            ["+0 \(text)", "0 a", "-0", "end_turn", "stop"]
        ),
        (
            "a refusal is text, and the reason says so",
            [begin(0, .refusal), say(0, "No.", .refusal), end(0, .refusal), finish(.stop)],
            ["+0 \(text)", "0 No.", "-0", "refusal", "stop"]
        ),
        (
            "reasoning that another provider signed",
            [
                begin(0, .reasoning), say(0, "hm", .reasoning),
                .signature(block: 0, Signature(dialect: .gemini, value: "S")), end(0, .reasoning),
                begin(1, .reasoning), .signature(block: 1, Signature(dialect: .gemini, value: "T")), end(1, .reasoning),
                begin(2), end(2), finish(.toolCalls),
            ],
            [
                "+0 \(thinking)", "0 hm", "0 freshet.gemini.S", "-0", "+1 \(thinking)", "1 freshet.gemini.T", "-1",
                "+2 \(call("c2"))", "-2", "tool_use", "stop",
            ]
        ),
        (
            "reasoning that is redacted",
            [
                begin(0, .reasoning),
                .signature(block: 0, Signature(dialect: .anthropic, value: "R", isRedacted: true)),
                end(0, .reasoning), finish(.stop),
            ],
            [#"+0 {"type":"redacted_thinking","data":"R"}"#, "-0", "end_turn", "stop"]
        ),
        (
            "a source",
            [
                begin(0, .text), say(0, "a", .text), .citation(block: 0, Citation(url: "u", title: "t", text: "w")),
                end(0, .text), finish(.stop),
            ],
            [
                "+0 \(text)", "0 a",
                #"0 {"type":"web_search_result_location","cited_text":"w","url":"u","title":"t","encrypted_index":""}"#,
                "-0", "end_turn", "stop",
            ]
        ),
        (
            "tools that another provider ran, other choices and files are left out",
            [
                begin(0, isTheirs: true), say(0, "1"), end(0), .toolOutput(callID: "c0", result: [0x31]),
                begin(1, .text, choice: 1), say(1, "b", .text), end(1, .text), begin(2, .text), say(2, "a", .text),
                .file(GeneratedFile(mediaType: "image/png", data: "AA==")), end(2, .text), finish(.stop),
            ],
            ["+0 \(text)", "0 a", "-0", "end_turn", "stop"]
        ),
        ("a word of its own", [finish(.unrecognized("eos"))], ["eos", "stop"]),
        ("a word for a failure", [finish(.unrecognized("MALFORMED_FUNCTION_CALL"))], ["error api_error"]),
        ("length", [finish(.length)], ["max_tokens", "stop"]),
        ("a filter", [finish(.contentFilter)], ["refusal", "stop"]),
        (
            "calls, whatever the reason says", [begin(0), end(0), finish(.stop)],
            ["+0 \(call("c0"))", "-0", "tool_use", "stop"]
        ),
    ]

    @Test(arguments: cases.indices)
    func table(_ place: Int) throws {
        let (name, events, script) = Self.cases[place]
        let written = try Self.script(Self.log(events))
        #expect(written == script, "\(name)")
    }

    /// Who was stopped gets all there is, what waited included; who failed gets no end.
    @Test func ends() throws {
        let events = [Self.begin(0), Self.say(0, "[1"), Self.begin(1), Self.say(1, "2")]
        let whole = ["+0 \(Self.call("c0"))", "0 [1", "-0", "+1 \(Self.call("c1"))", "1 2", "-1"]
        #expect(
            try Self.script(Self.log(events, end: GenerationEnd(outcome: .stopped))) == whole + ["end_turn", "stop"])
        #expect(
            try Self.script(Self.log(events, end: GenerationEnd(outcome: .overBudget))) == whole + [
                "max_tokens", "stop",
            ])
        let failure = GenerationFailure(code: .providerTruncated, message: "cut", isRetryable: true)
        let failed = Self.log(events, end: GenerationEnd(outcome: .failed, failure: failure))
        #expect(try Self.script(failed) == ["+0 \(Self.call("c0"))", "0 [1", "error api_error"])
        #expect(!AnthropicEncoder().endsCleanly(after: .failed) && AnthropicEncoder().endsCleanly(after: .stopped))
    }

    @Test func aFailingWordIsNoCleanEnd() {
        var encoder = AnthropicEncoder()
        var (cursor, out) = (LogCursor(), [UInt8]())
        let log = Self.log([Self.finish(.unrecognized("OTHER"))])
        while log.read(&cursor, { encoder.encode($0, $1, into: &out) }) {}
        #expect(!encoder.endsCleanly(after: .finished))
    }

    /// The start names a message of this dialect, and the end all usage.
    @Test func theMessage() throws {
        var usage = Usage(inputTokens: 40, outputTokens: 7)
        (usage.cachedInputTokens, usage.cacheWriteTokens, usage.reasoningTokens) = (30, 1, 3)
        let reader = try AnthropicReader(Self.log([.usage(usage)]).encoded(by: AnthropicEncoder()))
        let message = try #require(reader.events.first?["message"])
        #expect(message["id"]?.stringValue == "msg_" + String(describing: GenerationID.sample).dropFirst(4))
        #expect(message["model"]?.stringValue == "big")
        #expect(
            reader.events.last { $0["usage"] != nil }?["usage"]?.text
                == #"{"input_tokens":9,"cache_creation_input_tokens":1,"cache_read_input_tokens":30,"output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}"#
        )
    }

    /// Half a character waits for its other half: not every reader could join them.
    @Test func charactersAreNotCut() throws {
        let frames = [
            #"{"choices":[{"index":0,"delta":{"content":"a\ud83d"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":"\ude00b"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}"#,
            #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ]
        let log = DecodedAnswer(frames: frames).log
        let text = log.encoded(by: AnthropicEncoder())
        #expect(
            text.contains(#""text":"a"}"#) && text.contains(#""text":"😀b"}"#) && text.contains(#""text":"\uD83D"}"#))
        for cut in 1..<log.lastSequence {
            let rest = log.encoded(by: AnthropicEncoder(resuming: log.fold(through: cut)), after: cut)
            #expect(log.encoded(by: AnthropicEncoder(), through: cut) + rest == text)
        }
    }

    @Test func aHeartbeatIsAPing() {
        #expect(
            String(decoding: AnthropicEncoder().heartbeat, as: UTF8.self)
                == "event: ping\ndata: {\"type\": \"ping\"}\n\n")
        #expect(AnthropicEncoder(framing: .jsonLines).heartbeat == [0x20])
    }

    /// A reader that was cut between any two frames gets the others, and each once.
    @Test func everyFrameIsACursor() throws {
        var logs = Self.cases.map { Self.log($0.events) } + GoldenProgram.all.map(\.log)
        logs += (1...60).map { LawTests.program($0).log }
        logs.append(
            DecodedAnswer(
                frames: AnthropicDecoderTests.cases[AnthropicDecoderTests.cases.count - 1].frames, in: .anthropic
            ).log)
        var cuts = 0
        for log in logs {
            let id = try #require(log.fold().start?.id)
            let frames = log.encoded(by: AnthropicEncoder(cursors: id)).split(separator: "\n\n").map { $0 + "\n\n" }
            for (place, frame) in frames.enumerated() {
                let line = try #require(frame.split(separator: "\n").first { $0.hasPrefix("id: ") })
                let cursor = try #require(EventCursor(line.dropFirst(4)))
                let after = cursor.part == nil ? cursor.sequence : cursor.sequence - 1
                let encoder = AnthropicEncoder(
                    cursors: id, resuming: log.fold(through: after), taken: cursor.part.map { $0 + 1 } ?? 0)
                let rest = log.encoded(by: encoder, after: after)
                #expect(rest == frames[(place + 1)...].joined(), "behind \(line)")
                cuts += 1
            }
        }
        print("Messages: cut behind \(cuts) frames")
    }
}
