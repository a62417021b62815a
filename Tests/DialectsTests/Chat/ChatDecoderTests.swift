import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What the events of odd chunks are. Each case is a list of frames and, one line a frame, their events.
struct ChatDecoderTests {
    /// A chunk of one choice.
    static func chunk(_ delta: String, finish: String = "null", _ rest: String = "") -> String {
        "{\"id\":\"c1\",\"model\":\"big\",\"choices\":[{\"index\":0,\"delta\":{\(delta)},\"finish_reason\":\(finish)}]\(rest)}"
    }

    static func tool(_ members: String) -> String { chunk("\"tool_calls\":[{\(members)}]") }

    static let stop = chunk("", finish: "\"stop\"")
    static let attempt = "attempt big c1"

    static let cases: [(name: String, frames: [String], events: [String])] = [
        (
            "text", [chunk("\"content\":\"Hel\""), chunk("\"content\":\"lo\""), stop],
            ["\(attempt); text+0; text0 Hel.", "text0 lo.", "text-0; finish0 stop."]
        ),
        (
            "kinds follow each other",
            [chunk("\"reasoning\":\"r\""), chunk("\"content\":\"c\",\"refusal\":\"f\""), stop],
            [
                "\(attempt); reasoning+0; reasoning0 r.",
                "reasoning-0; text+1; text1 c; text-1; refusal+2; refusal2 f.", "refusal-2; finish0 stop.",
            ]
        ),
        (
            "only one of the names of reasoning",
            [chunk("\"reasoning_content\":\"r\",\"reasoning\":\"r\""), stop],
            ["\(attempt); reasoning+0; reasoning0 r.", "reasoning-0; finish0 stop."]
        ),
        (
            "a call in pieces",
            [
                tool(#""index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}"#),
                tool(#""index":0,"function":{"arguments":"{}"}"#), stop,
            ],
            ["\(attempt); tool-input+0 a f.", "tool-input0 {}.", "tool-input-0; finish0 stop."]
        ),
        (
            "a call waits for its name",
            [
                tool(#""index":0,"id":"a","function":{"arguments":"{"}"#),
                tool(#""index":0,"function":{"name":"f","arguments":"}"}"#), stop,
            ],
            ["\(attempt).", "tool-input+0 a f; tool-input0 {; tool-input0 }.", "tool-input-0; finish0 stop."]
        ),
        (
            "a call without a name at all",
            [tool(#""index":0,"id":"a","function":{"arguments":"{}"}"#), stop],
            ["\(attempt).", "tool-input+0 a ; tool-input0 {}; tool-input-0; finish0 stop."]
        ),
        (
            "every call numbered 0",
            [
                tool(#""index":0,"id":"a","function":{"name":"f","arguments":"1"}"#),
                tool(#""index":0,"id":"b","function":{"name":"f","arguments":"2"}"#),
                tool(#""index":0,"function":{"arguments":"3"}"#), stop,
            ],
            [
                "\(attempt); tool-input+0 a f; tool-input0 1.", "tool-input+1 b f; tool-input1 2.", "tool-input1 3.",
                "tool-input-0; tool-input-1; finish0 stop.",
            ]
        ),
        (
            "no numbers, ids once",
            [
                tool(#""id":"a","function":{"name":"f","arguments":"1"}"#), tool(#""function":{"arguments":"2"}"#),
                tool(#""id":"b","function":{"name":"g","arguments":"3"}"#), stop,
            ],
            [
                "\(attempt); tool-input+0 a f; tool-input0 1.", "tool-input0 2.", "tool-input+1 b g; tool-input1 3.",
                "tool-input-0; tool-input-1; finish0 stop.",
            ]
        ),
        (
            "no numbers, ids always",
            [
                tool(#""id":"a","function":{"name":"f","arguments":"1"}"#),
                tool(#""id":"a","function":{"arguments":"2"}"#), stop,
            ],
            ["\(attempt); tool-input+0 a f; tool-input0 1.", "tool-input0 2.", "tool-input-0; finish0 stop."]
        ),
        (
            "a number, then none",
            [
                tool(#""index":5,"id":"a","function":{"name":"f","arguments":"1"}"#),
                tool(#""function":{"arguments":"2"}"#), stop,
            ],
            ["\(attempt); tool-input+0 a f; tool-input0 1.", "tool-input0 2.", "tool-input-0; finish0 stop."]
        ),
        (
            "no id",
            [tool(#""index":0,"function":{"name":"f","arguments":"1"}"#), stop],
            ["\(attempt); tool-input+0 call_\(GenerationID.sample)_0 f; tool-input0 1.", "tool-input-0; finish0 stop."]
        ),
        (
            "text ends where a call begins, and may come again",
            [
                chunk("\"content\":\"a\""), tool(#""index":0,"id":"a","function":{"name":"f","arguments":""}"#),
                chunk("\"content\":\"b\""), stop,
            ],
            [
                "\(attempt); text+0; text0 a.", "text-0; tool-input+1 a f.", "text+2; text2 b.",
                "tool-input-1; text-2; finish0 stop.",
            ]
        ),
        (
            "after the finish",
            [stop, chunk("\"content\":\"late\""), chunk("", finish: "\"length\"")],
            ["\(attempt); finish0 stop.", "text+0; text0 late.", "text-0; finish0 length."]
        ),
        (
            "no finish yet", [chunk("\"content\":\"a\"", finish: "\"\""), stop],
            ["\(attempt); text+0; text0 a.", "text-0; finish0 stop."]
        ),
        (
            "several choices in one frame",
            [
                #"{"id":"c1","model":"big","choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#,
                #"{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}"#,
                #"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#,
            ],
            [
                "\(attempt); text+0@1; text0 b; text+1; text1 a.", "text-0; finish1 stop.", "text-1; finish0 length.",
            ]
        ),
        (
            "usage with and without choices",
            [
                chunk("\"content\":\"a\"", finish: "\"stop\"", #","usage":{"prompt_tokens":1,"completion_tokens":2}"#),
                #"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":3}}"#, #"{"choices":[],"usage":{}}"#,
            ],
            ["\(attempt); text+0; text0 a; text-0; finish0 stop; usage 1 2.", "usage 1 3."]
        ),
        (
            "what says nothing is no event",
            [chunk("\"content\":\"a\""), chunk(""), chunk("\"content\":null"), chunk("\"content\":\"\""), stop],
            ["\(attempt); text+0; text0 a.", "text-0; finish0 stop."]
        ),
        (
            "what only its members say is carried",
            [chunk("\"content\":\"a\""), #"{"choices":[],"moderation":{"flagged":true}}"#, stop],
            ["\(attempt); text+0; text0 a.", "carrier.", "text-0; finish0 stop."]
        ),
        (
            "a list of parts",
            [
                chunk(
                    #""content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]},{"type":"text","text":"c"},{"type":"x"}]"#
                ),
                chunk(#""content":[{"type":"thinking","thinking":"s"}]"#), stop,
            ],
            [
                "\(attempt); reasoning+0; reasoning0 r; reasoning-0; text+1; text1 c.",
                "text-1; reasoning+2; reasoning2 s.", "reasoning-2; finish0 stop.",
            ]
        ),
        (
            "the message so far beside the delta",
            [#"{"choices":[{"index":0,"message":{"content":"ab"},"delta":{"content":"b"},"finish_reason":"stop"}]}"#],
            ["attempt - -; text+0; text0 b; text-0; finish0 stop."]
        ),
        (
            "a whole answer of a server that does not stream",
            [
                #"{"id":"c1","object":"chat.completion","model":"big","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"[]"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#
            ],
            [
                "\(attempt); text+0; text0 Hi; text-0; tool-input+1 a f; tool-input1 {}; tool-input+2 b g; tool-input2 [];"
                    + " tool-input-1; tool-input-2; finish0 tool_calls; usage 1 2."
            ]
        ),
        (
            "escaped names and texts",
            [chunk(#""\u0063ontent":"\ud83d\ude00\u0041\n\"""#), stop],
            ["\(attempt); text+0; text0 😀A\n\".", "text-0; finish0 stop."]
        ),
    ]

    @Test(arguments: cases.indices)
    func chunksBecomeEvents(_ place: Int) throws {
        let (name, frames, events) = Self.cases[place]
        let answer = DecodedAnswer(frames: frames)
        #expect(answer.errors.isEmpty)
        #expect(answer.script == events, "\(name)")
        #expect(answer.isFinished)
        try answer.log.checkGrammar()
    }

    @Test(arguments: [
        ("", FrameError.notJSON), ("{", .notJSON), ("{\"choices\":[]} x", .notJSON), ("[]", .unexpectedForm),
        ("1", .unexpectedForm), ("\"text\"", .unexpectedForm), ("{\"choices\":{}}", .unexpectedForm),
        ("{\"choices\":[1]}", .unexpectedForm), ("{\"choices\":[{\"delta\":[]}]}", .unexpectedForm),
        ("{\"choices\":[{\"delta\":{\"content\":1}}]}", .unexpectedForm),
        ("{\"choices\":[{\"index\":-1}]}", .unexpectedForm),
        ("{\"choices\":[{\"index\":99999999999999999999}]}", .unexpectedForm),
        ("{\"choices\":[{\"delta\":{\"tool_calls\":{}}}]}", .unexpectedForm),
        ("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1e3}]}}]}", .unexpectedForm),
    ])
    func aBrokenFrameLeavesNoTrace(_ frame: String, _ error: FrameError) throws {
        var (log, decoder) = (GenerationLog(), OpenAIChatDecoder(route: "a/b", generation: .sample))
        #expect(throws: error) { try decoder.decode(frame.utf8.span, into: &log) }
        #expect(log.lastSequence == 0)
        // It goes on with the next one as if nothing had been there.
        let frame = try decoder.decode(Self.chunk("\"content\":\"a\"").utf8.span, into: &log)
        #expect(frame.hasContent)
        #expect(log.lastSequence == 3)
    }

    @Test(arguments: [
        (#"{"error":{"message":"no","type":"server_error","code":null}}"#, "server_error", "no", true),
        (#"{"error":{"message":"no","type":"invalid_request_error","param":"n","code":"bad"}}"#, "bad", "no", false),
        (#"{"error":{"message":"slow down","code":429}}"#, "429", "slow down", true),
        (#"{"error":{"message":"no","code":400}}"#, "400", "no", false),
        (#"{"error":"gone"}"#, "provider_error", "gone", true),
        (#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, "400", "bad", false),
        (
            #"{"id":"c","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"cut","code":502}}"#,
            "502", "cut", true
        ),
    ])
    func errorsInTheStreamAreTold(_ frame: String, _ code: String, _ message: String, _ isRetryable: Bool) throws {
        let answer = DecodedAnswer(frames: [Self.chunk("\"content\":\"a\""), frame, Self.stop])
        let failure = try #require(answer.failure?.failure)
        #expect(failure.code.name == code)
        #expect(failure.message == message)
        #expect(failure.isRetryable == isRetryable)
        #expect(answer.frames.count == 2)
        let reader = try ChatReader(answer.log.encoded(by: OpenAIChatEncoder()))
        #expect(reader.error != nil && !reader.isDone && reader.late == 0)
    }

    @Test(arguments: ["{\"error\":null}", "{\"error\":{}}", "{\"error\":\"\"}"])
    func anEmptyErrorIsNone(_ frame: String) { #expect(DecodedAnswer(frames: [frame]).failure == nil) }

    @Test(arguments: ["[DONE]", "[DONE] and more"])
    func theEndMarkIsNoFinish(_ mark: String) throws {
        let answer = DecodedAnswer(frames: [Self.chunk("\"content\":\"a\""), mark])
        #expect(answer.isDone && !answer.isFinished)
    }

    @Test func aCallIsOpenUntilItsEnd() throws {
        var (log, decoder) = (GenerationLog(), OpenAIChatDecoder(route: "a/b", generation: .sample))
        func decode(_ frame: String) throws -> Bool {
            _ = try decoder.decode(frame.utf8.span, into: &log)
            return decoder.hasOpenToolCall
        }
        #expect(try !decode(Self.chunk("\"content\":\"a\"")))
        #expect(try decode(Self.tool(#""index":0,"id":"a","function":{"name":"f","arguments":""}"#)))
        #expect(try !decode(Self.stop))
    }

    /// Cut before its finish, a call that never got a name still shows what was said.
    @Test func closingShowsWhatWaited() throws {
        let answer = DecodedAnswer(frames: [Self.tool(#""index":0,"function":{"arguments":"{}"}"#)])
        #expect(
            answer.script.suffix(3) == [
                "tool-input+0 call_\(GenerationID.sample)_0 .", "tool-input0 {}.", "tool-input-0.",
            ])
        try answer.log.checkGrammar()
    }
}
