import FreshetDialects
import FreshetGeneration
import Testing

/// Scripts of chunks and what they become.
struct GeminiDecoderTests {
    struct Script: CustomTestStringConvertible, Sendable {
        var name: String
        var chunks: [String]
        var events: [String]
        var isFinished = true
        var testDescription: String { name }
    }

    private static func chunk(_ parts: String, finish: String? = nil, also: String = "") -> String {
        let end = finish.map { ",\"finishReason\":\"\($0)\"" } ?? ""
        return "{\"candidates\":[{\"content\":{\"parts\":[\(parts)],\"role\":\"model\"}\(end),\"index\":0}]\(also)}"
    }

    private static func call(_ members: String, _ beside: String = "") -> String {
        chunk("{\"functionCall\":{\(members)}\(beside)}")
    }

    private static func piece(_ path: String, _ value: String, _ more: Bool = false, last: Bool = false) -> String {
        let partial = "{\"jsonPath\":\"\(path)\",\(value)\(more ? ",\"willContinue\":true" : "")}"
        return call("\"partialArgs\":[\(partial)]\(last ? "" : ",\"willContinue\":true")")
    }

    private static let stop = chunk("", finish: "STOP")
    private static let begun = call("\"name\":\"f\",\"id\":\"c1\",\"willContinue\":true")
    private static let first = "attempt - -; tool-input+0 c1 f."

    static let scripts: [Script] = [
        Script(
            name: "text, and names where the first chunk has them",
            chunks: [
                chunk("{\"text\":\"Hel\"}", also: ",\"modelVersion\":\"m\",\"responseId\":\"r\""),
                chunk("{\"text\":\"lo\"}"),
                stop,
            ],
            events: ["attempt m r; text+0; text0 Hel.", "text0 lo.", "text-0; finish0 stop."]),
        Script(
            name: "empty parts and chunks without content say nothing",
            chunks: [
                chunk("{\"text\":\"\"}"), "{\"candidates\":[{\"index\":0}]}",
                "{\"candidates\":null,\"usageMetadata\":{}}",
                "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":null}}]}", stop,
            ],
            events: ["attempt - -.", "carrier.", "carrier.", "carrier.", "finish0 stop."]),
        Script(
            name: "a signature of a call stands in an empty block of reasoning before it",
            chunks: [call("\"name\":\"f\",\"args\":{\"a\": 1},\"id\":\"c1\"", ",\"thoughtSignature\":\"S\""), stop],
            events: [
                "attempt - -; reasoning+0; aside; reasoning-0; tool-input+1 c1 f; tool-input1 {\"a\": 1}; tool-input-1.",
                "finish0 tool_calls.",
            ]),
        Script(
            name: "a signature ends the reasoning that is open; the next thought is another block",
            chunks: [
                chunk("{\"text\":\"a\",\"thought\":true}"),
                chunk("{\"text\":\"b\",\"thought\":true,\"thoughtSignature\":\"S\"}"),
                chunk("{\"text\":\"c\",\"thought\":true}"), chunk("{\"text\":\"d\",\"thoughtSignature\":\"T\"}"), stop,
            ],
            events: [
                "attempt - -; reasoning+0; reasoning0 a.", "reasoning0 b; aside; reasoning-0.",
                "reasoning+1; reasoning1 c.", "aside; reasoning-1; text+2; text2 d.", "text-2; finish0 stop.",
            ]),
        Script(
            name: "a signature without text behind text",
            chunks: [
                chunk("{\"text\":\"a\"}"),
                chunk("{\"text\":\"\",\"thoughtSignature\":\"S\"}", finish: "STOP"),
            ],
            events: [
                "attempt - -; text+0; text0 a.", "text-0; reasoning+1; aside; reasoning-1; finish0 stop.",
            ]),
        Script(
            name: "calls without an id or arguments",
            chunks: [
                chunk(
                    "{\"functionCall\":{\"name\":\"f\"}},{\"functionCall\":{\"name\":\"g\",\"args\":null}}",
                    finish: "STOP")
            ],
            events: [
                "attempt - -; tool-input+0 call_\(GenerationID.sample)_0 f; tool-input0 {}; tool-input-0; "
                    + "tool-input+1 call_\(GenerationID.sample)_1 g; tool-input1 {}; tool-input-1; finish0 tool_calls."
            ]),
        Script(
            name: "arguments in pieces: containers open and close as paths move",
            chunks: [
                begun, piece("$.a[0].b", "\"stringValue\":\"x\"", true), piece("$.a[0].b", "\"stringValue\":\"\\\"y\""),
                piece("$.a[1]['c d']", "\"numberValue\":1.50"), piece("$.e", "\"boolValue\":true"),
                piece("$.g[0][1]", "\"nullValue\":null"), call(""), stop,
            ],
            events: [
                first, "tool-input0 {\"a\":[{\"b\":\"x.", "tool-input0 \\\"y\".", "tool-input0 },{\"c d\":1.50.",
                "tool-input0 }],\"e\":true.", "tool-input0 ,\"g\":[[null,null.",
                "tool-input0 ]]}; tool-input-0.", "finish0 tool_calls.",
            ]),
        Script(
            name: "arguments in pieces, the last of them with the finish",
            chunks: [
                begun, piece("$.a", "\"stringValue\":\"x\"", true),
                chunk("{\"text\":\"\"}", finish: "STOP"),
            ],
            events: [first, "tool-input0 {\"a\":\"x.", "tool-input0 \"}; tool-input-0; finish0 tool_calls."]),
        Script(
            name: "arguments in pieces go on behind text and whole calls",
            chunks: [
                begun, piece("$.a", "\"stringValue\":\"he\"", true), chunk("{\"text\":\"t\"}"),
                call("\"name\":\"g\",\"id\":\"c2\",\"args\":{}"),
                piece("$.a", "\"stringValue\":\"llo\"", last: true), stop,
            ],
            events: [
                first, "tool-input0 {\"a\":\"he.", "text+1; text1 t.",
                "text-1; tool-input+2 c2 g; tool-input2 {}; tool-input-2.",
                "tool-input0 llo\"; tool-input0 }; tool-input-0.", "finish0 tool_calls.",
            ]),
        Script(
            name: "arguments in pieces that are cut stay cut",
            chunks: [begun, piece("$.a", "\"stringValue\":\"he\"", true), chunk("", finish: "MAX_TOKENS")],
            events: [first, "tool-input0 {\"a\":\"he.", "tool-input-0; finish0 length."]),
        Script(
            name: "arguments in pieces end, as they came, where another call in pieces begins",
            chunks: [
                begun, piece("$.a", "\"numberValue\":7"),
                call("\"name\":\"g\",\"id\":\"c2\",\"willContinue\":true"), call(""), stop,
            ],
            events: [
                first, "tool-input0 {\"a\":7.", "tool-input-0; tool-input+1 c2 g.", "tool-input1 {}; tool-input-1.",
                "finish0 tool_calls.",
            ]),
        Script(
            name: "arguments in pieces whose call nobody ends are whole at STOP",
            chunks: [
                begun, piece("$.a", "\"numberValue\":7"), call("\"name\":\"g\",\"id\":\"c2\",\"args\":{}"), stop,
            ],
            events: [
                first, "tool-input0 {\"a\":7.", "tool-input+1 c2 g; tool-input1 {}; tool-input-1.",
                "tool-input0 }; tool-input-0; finish0 tool_calls.",
            ]),
        Script(
            name: "code that the provider runs",
            chunks: [
                chunk("{\"executableCode\":{\"code\":\"1\",\"language\":\"PYTHON\"}}"),
                chunk("{\"codeExecutionResult\":{\"outcome\":\"OUTCOME_OK\"}}"), chunk("{\"text\":\"a\"}"), stop,
            ],
            events: [
                "attempt - -; tool-input+0 call_\(GenerationID.sample)_0 code_execution; "
                    + "tool-input0 {\"code\":\"1\",\"language\":\"PYTHON\"}; tool-input-0; aside.",
                "aside.", "text+1; text1 a.", "text-1; finish0 stop.",
            ]),
        Script(
            name: "several finishes, and content after them",
            chunks: [
                chunk("{\"text\":\"a\"}", finish: "STOP"), chunk("{\"text\":\"b\"}"),
                chunk("{\"text\":\"c\"}", finish: "MAX_TOKENS"), chunk("", finish: "STOP"),
            ],
            events: [
                "attempt - -; text+0; text0 a; text-0; finish0 stop.", "text+1; text1 b.",
                "text1 c; text-1; finish0 length.", "finish0 stop.",
            ]),
        Script(
            name: "content behind the last finish leaves it open",
            chunks: [chunk("{\"text\":\"a\"}", finish: "STOP"), chunk("{\"text\":\"b\"}")],
            events: ["attempt - -; text+0; text0 a; text-0; finish0 stop.", "text+1; text1 b.", "text-1."],
            isFinished: false),
        Script(
            name: "a prompt that is refused is an answer",
            chunks: ["{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":7}}"],
            events: ["attempt - -; finish0 content_filter; usage 7 -1."]),
        Script(
            name: "usage is told with the finish; what is told last holds, and what is left out",
            chunks: [
                chunk("{\"text\":\"a\"}", also: ",\"usageMetadata\":{\"trafficType\":\"ON_DEMAND\"}"),
                chunk("{\"text\":\"b\"}", also: ",\"usageMetadata\":{\"promptTokenCount\":9,\"thoughtsTokenCount\":5}"),
                chunk("", also: ",\"usageMetadata\":{\"candidatesTokenCount\":50}"),
                chunk(
                    "{\"text\":\"c\"}", finish: "STOP",
                    also: ",\"usageMetadata\":{\"promptTokenCount\":8,\"toolUsePromptTokenCount\":2,"
                        + "\"candidatesTokenCount\":3}"),
            ],
            events: [
                "attempt - -; text+0; text0 a.", "text0 b.", "carrier.", "text0 c; text-0; finish0 stop; usage 10 8.",
            ]),
        Script(
            name: "finishes as numbers, and Gemini's own words",
            chunks: [
                "{\"candidates\":[{\"finishReason\":0},{\"finishReason\":3},{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}",
                "{\"candidates\":[{\"finishReason\":\"FINISH_REASON_UNSPECIFIED\"}]}",
                "{\"candidates\":[{\"finishReason\":1}]}",
            ],
            events: [
                "attempt - -; finish1 content_filter; finish2 MALFORMED_FUNCTION_CALL.", "carrier.", "finish0 stop.",
            ]),
        Script(
            name: "several candidates",
            chunks: [
                "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}},{\"content\":{\"parts\":[{\"text\":\"b\"}]},"
                    + "\"index\":1,\"finishReason\":\"STOP\"}]}", stop,
            ],
            events: [
                "attempt - -; text+0; text0 a; text+1@1; text1 b; text-1; finish1 stop.", "text-0; finish0 stop.",
            ]),
        Script(
            name: "what is unknown is carried along",
            chunks: [chunk("{\"hologram\":{\"text\":\"x\"}}", also: ",\"modelStatus\":{}"), stop],
            events: ["attempt - -.", "finish0 stop."]),
    ]

    @Test(arguments: scripts)
    func script(_ script: Script) throws {
        let answer = DecodedAnswer(frames: script.chunks, in: .gemini)
        #expect(answer.errors.isEmpty && answer.failure == nil)
        #expect(answer.script == script.events)
        #expect(answer.isWhole == script.isFinished)
        try answer.log.checkGrammar()
    }

    @Test(arguments: [
        "{\"this\":[{\"is\":1}]}", "[1]", "[{\"candidates\":[]}]", "\"x\"", "{\"candidates\":7}",
        "{\"candidates\":[7]}",
        "{\"candidates\":[{\"index\":-1}]}", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":7}]}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"args\":[]}}]}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"a\"}]}}]}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$\"}]}}]}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a[x]\"}]}}]}}]}",
    ])
    func otherFormsAreRefused(_ chunk: String) {
        let answer = DecodedAnswer(frames: [chunk], in: .gemini)
        #expect(answer.errors == [.unexpectedForm] && answer.log.lastSequence == 2)
    }

    /// What cannot be told is refused, so that no call looks whole that is not.
    @Test(arguments: [
        [piece("$.a", "\"numberValue\":1")],
        [begun, call(""), piece("$.a", "\"numberValue\":1")],
        [
            begun, piece("$.a.b", "\"numberValue\":1"), piece("$.c", "\"numberValue\":2"),
            piece("$.a.d", "\"nullValue\":0"),
        ],
        [begun, piece("$.a", "\"numberValue\":1"), piece("$.a", "\"numberValue\":2")],
        [begun, piece("$.a[1]", "\"numberValue\":1"), piece("$.a[0]", "\"numberValue\":2")],
        [begun, call("\"id\":\"c9\",\"partialArgs\":[{\"jsonPath\":\"$.a\",\"numberValue\":1}]")],
    ])
    func piecesThatHaveNoPlaceAreRefused(_ chunks: [String]) throws {
        let answer = DecodedAnswer(frames: chunks, in: .gemini)
        #expect(answer.errors == [.misplaced])
        try answer.log.checkGrammar()
    }

    @Test func moreCallsThanOneAnswerMayHaveAreRefused() {
        let calls = Array(repeating: "{\"functionCall\":{\"name\":\"f\"}}", count: 1025).joined(separator: ",")
        #expect(DecodedAnswer(frames: [Self.chunk(calls)], in: .gemini).errors == [.limitExceeded])
    }

    @Test func sourcesAreCitedOnce() {
        let support = "{\"segment\":{\"startIndex\":2,\"endIndex\":5},\"groundingChunkIndices\":[0,9]}"
        let grounding =
            "{\"groundingChunks\":[{\"web\":{\"uri\":\"u\",\"title\":\"t\"}},{\"retrievedContext\":{\"text\":\"x\"}}],"
            + "\"groundingSupports\":[\(support)]}"
        let cited = "{\"citations\":[{\"endIndex\":4,\"uri\":\"v\"}]}"
        let chunk =
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"abcde\"}]},\"groundingMetadata\":\(grounding),"
            + "\"citationMetadata\":\(cited)}]}"
        let answer = DecodedAnswer(frames: [chunk, chunk, Self.stop], in: .gemini)
        #expect(
            answer.log.fold().blocks.map(\.citations) == [
                [
                    Citation(url: "v", start: 0, end: 4), Citation(url: "u", title: "t", start: 2, end: 5),
                    Citation(text: "x"),
                ]
            ])
    }

    @Test func filesAreGivenOnceAndKeptOnce() throws {
        let data = String(repeating: "QUJD", count: 1000)
        let chunk = Self.chunk(
            "{\"text\":\"a\"},{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"\(data)\"}},{\"text\":\"b\"},"
                + "{\"fileData\":{\"mimeType\":\"text/plain\",\"fileUri\":\"u\"}}", finish: "STOP")
        let answer = DecodedAnswer(frames: [chunk], in: .gemini)
        #expect(
            answer.log.fold().files == [
                GeneratedFile(mediaType: "image/png", data: data), GeneratedFile(mediaType: "text/plain", url: "u"),
            ])
        #expect(answer.log.appendedBytes < 5000)
        #expect(answer.log.encoded(by: GeminiEncoder(framing: .jsonLines)) == chunk + "\n")
    }

    /// Members of a part stand in any order.
    @Test(arguments: [
        "{\"inlineData\":{\"mimeType\":\"a/b\",\"data\":\"QUJD\"},\"text\":\"x\"}",
        "{\"text\":\"x\",\"inlineData\":{\"data\":\"QUJD\",\"mimeType\":\"a/b\"}}",
        "{\"text\":\"x\",\"text\":\"y\"},{\"thoughtSignature\":\"S\",\"text\":\"z\",\"thought\":true}",
    ])
    func chunksAreWrittenAgainWhateverTheirOrder(_ parts: String) {
        let chunk = Self.chunk(parts, finish: "STOP")
        let answer = DecodedAnswer(frames: [chunk], in: .gemini)
        #expect(answer.log.encoded(by: GeminiEncoder(framing: .jsonLines)) == chunk + "\n")
    }

    @Test func errorsAreReadAsTheyAre() throws {
        let retry = "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"47.2s\"}"
        let error = "{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[\(retry)]}"
        for frame in ["{\"error\":\(error)}", "[{\"error\":\(error)}]"] {
            let failure = try #require(DecodedAnswer(frames: [frame], in: .gemini).failure)
            #expect(failure.raw == Array(error.utf8))
            #expect(failure.failure.code == "RESOURCE_EXHAUSTED" && failure.failure.message == "slow")
            #expect(failure.failure.providerStatus == 429 && failure.failure.retryAfter == 48)
            #expect(failure.failure.isRetryable && failure.failure.isProvidersWord)
        }
    }

    /// Frames that differ in their text alone share what is kept of them.
    @Test func whatRepeatsIsKeptOnce() {
        let frames = (0..<100).map { Self.chunk("{\"text\":\"word \($0)\"}", also: ",\"responseId\":\"r\"") }
        let answer = DecodedAnswer(frames: frames + [Self.stop], in: .gemini)
        #expect(answer.log.seen(merge: 1 << 20).count < 12)
        #expect(answer.log.appendedBytes < 3000)
        let written = answer.log.encoded(by: GeminiEncoder(framing: .jsonLines)).split(separator: "\n")
        #expect(written.map(String.init) == frames + [Self.stop])
    }
}

extension DecodedAnswer {
    /// Whether the last frame that told of it said that all is finished.
    fileprivate var isWhole: Bool {
        var decoder = GeminiDecoder(route: "corpus/stream", generation: .sample)
        var (log, last) = (GenerationLog(), false)
        for frame in frames {
            if let decoded = try? decoder.decode(frame.span, into: &log) { last = decoded.isFinished }
        }
        return last
    }
}
