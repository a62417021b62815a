import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What comes from providers of other dialects reaches Chat's clients under the names they know, or not at all.
struct ChatCrossingTests {
    static let head = #"{"id":"msg_1","object":"chat.completion.chunk","created":1763650000,"model":"claude""#

    static func chunk(_ delta: String, finish: String = "null") -> String {
        #"\#(head),"choices":[{"index":0,"delta":{\#(delta)},"finish_reason":\#(finish)}]}"#
    }

    static func log(_ events: [GenerationEvent]) -> GenerationLog {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.attempt(Attempt(route: "a/b", providerModel: "claude", providerID: "msg_1")))
        for event in events { log.append(event) }
        return log
    }

    static func ended(_ reason: FinishReason) -> [GenerationEvent] {
        [.finish(choice: 0, reason: reason), .generationEnd(GenerationEnd(outcome: .finished, finishReason: reason))]
    }

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var events: [GenerationEvent]
        /// Behind the chunk with the role; without the last one.
        var deltas: [String]
    }

    static let reasoning: [GenerationEvent] = [
        .blockStart(BlockStart(block: 0, kind: .reasoning)),
        .blockDelta(block: 0, kind: .reasoning, text: "Hm\n"), .blockDelta(block: 0, kind: .reasoning, text: "."),
    ]

    static let cases: [Case] = [
        Case(
            description: "signed reasoning is told whole when it ends",
            events: reasoning + [
                .signature(block: 0, Signature(dialect: .anthropic, value: "Eq+/=")),
                .blockEnd(block: 0, kind: .reasoning),
            ],
            deltas: [
                #""reasoning_content":"Hm\n""#, #""reasoning_content":".""#,
                #""reasoning_details":[{"type":"reasoning.text","text":"Hm\n.","signature":"Eq+/=","format":"anthropic-claude-v1","index":0}]"#,
            ]),
        Case(
            description: "redacted reasoning is told as what it is",
            events: [
                .blockStart(BlockStart(block: 0, kind: .reasoning)),
                .signature(block: 0, Signature(dialect: .anthropic, value: "XX", isRedacted: true)),
                .blockEnd(block: 0, kind: .reasoning),
            ],
            deltas: [
                #""reasoning_details":[{"type":"reasoning.encrypted","data":"XX","format":"anthropic-claude-v1","index":0}]"#
            ]),
        Case(
            description: "Gemini's signature goes along with the call behind it, and only with that",
            events: reasoning + [
                .signature(block: 0, Signature(dialect: .gemini, value: "S")), .blockEnd(block: 0, kind: .reasoning),
                .blockStart(BlockStart(block: 1, kind: .toolInput, callID: "c1", name: "f")),
                .blockDelta(block: 1, kind: .toolInput, text: "{}"), .blockEnd(block: 1, kind: .toolInput),
                .blockStart(BlockStart(block: 2, kind: .toolInput, callID: "c2", name: "g")),
                .blockEnd(block: 2, kind: .toolInput),
            ],
            deltas: [
                #""reasoning_content":"Hm\n""#, #""reasoning_content":".""#,
                #""reasoning_details":[{"type":"reasoning.text","text":"Hm\n.","signature":"S","format":"google-gemini-v1","index":0}]"#,
                #""tool_calls":[{"index":0,"id":"c1","extra_content":{"google":{"thought_signature":"S"}},"type":"function","function":{"name":"f","arguments":""}}]"#,
                #""tool_calls":[{"index":0,"function":{"arguments":"{}"}}]"#,
                #""tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":""}}]"#,
            ]),
        Case(
            description: "a tool that the provider runs is nobody's call",
            events: [
                .blockStart(
                    BlockStart(block: 0, kind: .toolInput, callID: "s", name: "search", isProviderExecuted: true)),
                .blockDelta(block: 0, kind: .toolInput, text: "{\"q\":1}"), .blockEnd(block: 0, kind: .toolInput),
                .progress(fraction: nil, status: "search"), .toolOutput(callID: "s", result: Array("[]".utf8)),
                .blockStart(BlockStart(block: 1, kind: .text)), .blockDelta(block: 1, kind: .text, text: "a"),
                .blockStart(BlockStart(block: 2, kind: .toolInput, callID: "c", name: "f")),
                .blockEnd(block: 1, kind: .text), .blockEnd(block: 2, kind: .toolInput),
            ],
            deltas: [
                #""content":"a""#,
                #""tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]"#,
            ]),
        Case(
            description: "sources with an address and images",
            events: [
                .blockStart(BlockStart(block: 0, kind: .text)), .blockDelta(block: 0, kind: .text, text: "a"),
                .citation(block: 0, Citation(url: "u", title: "t", text: "x")),
                .citation(block: 0, Citation(title: "a page of a document")), .citation(block: 0, Citation(url: "v")),
                .blockEnd(block: 0, kind: .text), .file(GeneratedFile(mediaType: "image/png", data: "iVB=")),
                .file(GeneratedFile(mediaType: "audio/wav", data: "UklG")),
            ],
            deltas: [
                #""content":"a""#,
                #""annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":0},"index":0}]"#,
                #""annotations":[{"type":"url_citation","url_citation":{"url":"v","title":"","start_index":0,"end_index":0},"index":1}]"#,
                #""images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVB="},"index":0}]"#,
            ]),
    ]

    @Test(arguments: cases)
    func isToldInChatsWords(_ given: Case) {
        let log = Self.log(given.events + Self.ended(.stop))
        let lines = log.encoded(by: OpenAIChatEncoder(framing: .jsonLines)).split(separator: "\n").map(String.init)
        let wanted =
            [Self.chunk(#""role":"assistant","content":"""#)] + given.deltas.map { Self.chunk($0) }
            + [Self.chunk("", finish: #""stop""#)]
        #expect(lines == wanted)
    }

    /// An encoder that begins behind any event writes what the first one would have.
    @Test(arguments: cases)
    func goesOnBehindAnyEvent(_ given: Case) {
        let log = Self.log(given.events + Self.ended(.stop))
        let whole = log.encoded(by: OpenAIChatEncoder())
        for sequence in 1..<log.lastSequence {
            let first = log.encoded(by: OpenAIChatEncoder(), through: sequence)
            let rebuilt = OpenAIChatEncoder(resuming: log.fold(through: sequence))
            #expect(first + log.encoded(by: rebuilt, after: sequence) == whole, "behind \(sequence)")
        }
    }

    /// A word of failure that Chat does not know is an error, for whoever takes a finish for a whole answer.
    @Test func aFinishThatMeansFailureIsAnError() {
        let log = Self.log(Self.reasoning + Self.ended(FinishReason(wire: "MALFORMED_FUNCTION_CALL")))
        var encoder = OpenAIChatEncoder()
        let text = log.encoded(by: encoder)
        #expect(text.contains(#""error":{"message":"the provider ended its answer with MALFORMED_FUNCTION_CALL""#))
        #expect(!text.contains("[DONE]") && !text.contains(#""finish_reason":"MALFORMED"#))
        encoder = OpenAIChatEncoder(resuming: log.fold())
        #expect(!encoder.endsCleanly(after: .finished))
        var completion = OpenAIChatCompletion()
        var cursor = LogCursor()
        while log.read(&cursor, { completion.apply($0, $1) }) {}
        #expect(completion.failure?.message.contains("MALFORMED_FUNCTION_CALL") == true)
        let paused = Self.log(Self.ended(FinishReason(wire: "pause_turn"))).encoded(by: OpenAIChatEncoder())
        #expect(paused.contains(#""finish_reason":"pause_turn""#) && paused.hasSuffix("data: [DONE]\n\n"))
    }

    /// The whole answer says the same as the stream.
    @Test func theWholeAnswerHasItToo() throws {
        for given in Self.cases {
            var completion = OpenAIChatCompletion()
            var cursor = LogCursor()
            let log = Self.log(given.events + Self.ended(.stop))
            while log.read(&cursor, { completion.apply($0, $1) }) {}
            let message = try #require(try JSONValue(parsing: completion.body())["choices"]?[0]?["message"])
            for name in ["reasoning_details", "annotations", "images"] {
                let parts = try given.deltas.compactMap {
                    try JSONValue(parsing: Array("{\($0)}".utf8))[name]?.arrayValue
                }
                #expect(message[name]?.arrayValue ?? [] == parts.flatMap(\.self), "\(given), \(name)")
            }
            let calls = given.deltas.count { $0.contains(#""type":"function""#) }
            #expect(message["tool_calls"]?.arrayValue?.count ?? 0 == calls)
        }
    }

    /// What one provider signed comes back to it through clients of any dialect, byte for byte, and to no other.
    @Test(arguments: [DialectName.openAIChat, .anthropic, .gemini])
    func aSignatureReturnsToItsProvider(_ client: DialectName) {
        for dialect in [DialectName.anthropic, .gemini] {
            for (value, isRedacted) in [("EqUD+/==", false), ("", false), ("a.b-c_", true), ("ключ", false)] {
                let given = Signature(dialect: dialect, value: value, isRedacted: isRedacted)
                let told = given.value(for: client)
                #expect(Signature(given: told, by: client, isRedacted: client == dialect && isRedacted) == given)
            }
        }
        #expect(Signature(given: "freshet.", by: client).dialect == client)
        #expect(Signature(given: "freshet.nobody.x", by: client).dialect == client)
    }
}
