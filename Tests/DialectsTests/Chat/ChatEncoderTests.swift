import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// Members that a Chat provider sent beside its answer come back where they stood.
struct ChatEncoderTests {
    static let head = #""id":"c1","object":"chat.completion.chunk","created":7,"model":"big""#

    /// Chunks as a provider writes them, and nothing else: they come back as they are.
    static let same: [[String]] = [
        [
            #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"system_fingerprint":"f"}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}],"system_fingerprint":"f"}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"content":"b"},"logprobs":null,"finish_reason":null}],"system_fingerprint":"f"}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"system_fingerprint":"f"}"#,
            #"{\#(head),"choices":[],"system_fingerprint":"f","usage":{"prompt_tokens":1,"completion_tokens":2.0,"x":{"y":[1]}}}"#,
        ],
        [
            #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":"a","annotations":[]},"logprobs":{"content":[{"token":"a","logprob":-1.50e-3}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-1.50e-3}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"reasoning":"why"},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":null,"content_filter_results":{}}]}"#,
        ],
        [
            #"{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""},"extra_content":{"s":1}}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"q\":\"\uD83D"}}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\uDE00\"}"}}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ],
        [
            #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null},{"index":1,"delta":{"role":"assistant","content":"b"},"finish_reason":null}]}"#,
            #"{"id":"c2","object":"chat.completion.chunk","created":8,"model":"other","choices":[{"index":1,"delta":{"content":"c"},"finish_reason":"length"}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ],
        [
            #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"content":[{"type":"reference","reference_ids":[1]}]},"finish_reason":null}]}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{},"finish_reason":null}],"provider_note":"x"}"#,
            #"{\#(head),"choices":[{"index":0,"delta":{"content":"c"},"finish_reason":"stop","message":{"content":"c"}}]}"#,
        ],
    ]

    @Test(arguments: same)
    func aProvidersChunksComeBack(_ chunks: [String]) throws {
        let answer = DecodedAnswer(frames: chunks)
        let reader = try ChatReader(
            LawText.markingHalves(answer.log.encoded(by: OpenAIChatEncoder(framing: .jsonLines, includesUsage: true))),
            isLines: true)
        let wanted = try chunks.map {
            ChatNormaliser.sorted(try JSONValue(parsing: Array(LawText.markingHalves($0).utf8)))
        }
        #expect(reader.chunks.map(ChatNormaliser.sorted).map(\.text) == wanted.map(\.text))
    }

    /// Padding is dropped; it hides lengths from who listens to the provider's connection, which nobody does behind us.
    @Test func paddingIsDropped() throws {
        let chunk =
            #"{\#(Self.head),"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"obfuscation":"xyz"}"#
        let text = DecodedAnswer(frames: [chunk]).log.encoded(by: OpenAIChatEncoder())
        #expect(!text.contains("obfuscation") && text.contains("\"a\""))
    }

    /// Other dialects pass over what only this one understands.
    @Test func othersAreNotToldOfMembers() throws {
        let log = DecodedAnswer(frames: Self.same[1]).log
        #expect(!log.encoded(by: SimpleEncoder(generation: .sample)).contains("logprob"))
        #expect(!log.encoded(by: NativeEncoder(generation: .sample)).contains("logprob"))
    }

    /// An error is the provider's own where it speaks this dialect, on one line whatever it was written with.
    @Test func aProvidersErrorPassesAsItWas() throws {
        let raw = "{\n \"message\": \"no\",\r\n \"code\": 7.0 }"
        var log = GenerationLog()
        let failure = GenerationFailure(code: "7", message: "no", isRetryable: false)
        log.append(.generationStart(.sample))
        log.append(
            .generationEnd(GenerationEnd(outcome: .failed, failure: failure)),
            extras: .error(Array(raw.utf8), in: .openAIChat)
        )
        for framing in [Framing.eventStream, .jsonLines] {
            let text = log.encoded(by: OpenAIChatEncoder(framing: framing))
            let reader = try ChatReader(text, isLines: framing == .jsonLines)
            #expect(reader.error?.text == #"{"message":"no","code":7.0}"#)
            #expect(!text.contains("\r") && !reader.isDone)
        }
    }

    @Test(arguments: [
        (GenerationFailure.Code.invalidRequest, "invalid_request_error"), (.unauthorized, "authentication_error"),
        ("forbidden", "permission_error"), (.modelNotFound, "invalid_request_error"),
        ("not_found", "invalid_request_error"), ("gone", "invalid_request_error"), (.tooLarge, "invalid_request_error"),
        (.overloaded, "server_error"), (.shuttingDown, "server_error"), (.providerTimeout, "api_error"),
        ("anything", "api_error"),
    ])
    func ourOwnErrorsHaveTheOfficialForm(_ code: GenerationFailure.Code, _ type: String) throws {
        var out: [UInt8] = []
        ChatFailure.append(
            GenerationFailure(code: code, message: "a \"b\"", isRetryable: true, parameter: "n"), to: &out)
        let error = try JSONValue(parsing: out)["error"]
        #expect(error?.text == #"{"message":"a \"b\"","type":"\#(type)","param":"n","code":"\#(code.name)"}"#)
    }

    /// A client that asked for usage gets it once where the provider is none of this dialect.
    @Test func usageOfOthersIsWrittenOnceAtTheEnd() throws {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.attempt(Attempt(route: "a/b")))
        log.append(.usage(Usage(inputTokens: 1, outputTokens: 2)))
        log.append(.usage(Usage(inputTokens: nil, outputTokens: 3)))
        log.append(.finish(choice: 0, reason: .stop))
        log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: .stop)))
        let reader = try ChatReader(log.encoded(by: OpenAIChatEncoder(includesUsage: true)))
        #expect(
            reader.chunks.filter { $0["usage"] != nil }.map { $0["usage"]?.text } == [
                #"{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4}"#
            ])
        #expect(reader.chunks.last?["choices"]?.arrayValue?.isEmpty == true)
    }

    /// What is encoded for one delta after another is what each costs alone: the text of the frame before is no part.
    @Test func aTemplateFollowsItsBlockAndMembers() throws {
        let chunk = { (text: String, rest: String) in
            #"{\#(Self.head),"choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":null}]\#(rest)}"#
        }
        let frames = [
            chunk("a", ""), chunk("b", ""), chunk("c", ",\"system_fingerprint\":\"x\""),
            chunk("d", ",\"system_fingerprint\":\"x\""), chunk("e", ""), chunk("\\\"\\n", ""),
        ]
        let reader = try ChatReader(DecodedAnswer(frames: frames).log.encoded(by: OpenAIChatEncoder()))
        #expect(
            reader.chunks.map { $0["choices"]?[0]?["delta"]?["content"]?.stringValue } == [
                "a", "b", "c", "d", "e", "\"\n",
            ])
        #expect(reader.chunks.map { $0["system_fingerprint"]?.stringValue } == [nil, nil, "x", "x", nil, nil])
    }

    /// A chunk that speaks of one choice twice, once with an empty text: no member of ours may stand twice in it.
    @Test(arguments: [
        #"{"choices":[{"index":0,"delta":{"refusal":"no","content":null}},{"index":0,"message":{"content":"x"}}]}"#,
        #"{"choices":[{"index":0,"delta":{"content":null}},{"index":0,"delta":{"content":"x","refusal":"no"}}]}"#,
        #"{"choices":[{"index":0,"delta":{"content":"","content":"x","refusal":null,"refusal":"no"}}]}"#,
    ])
    func anEmptyTextDoesNotHideTheOther(_ chunk: String) throws {
        let first = #"{"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}"#
        let reader = try ChatReader(DecodedAnswer(frames: [first, chunk]).log.encoded(by: OpenAIChatEncoder()))
        let delta = try #require(reader.chunks.last?["choices"]?[0]?["delta"]?.objectValue)
        #expect(delta.members.map(\.name).sorted() == ["content", "refusal"])
        #expect(delta["content"]?.stringValue == "x" && delta["refusal"]?.stringValue == "no")
    }
}
