import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What the events of odd streams are. Each case is a list of events and, one line a frame, what they become.
struct AnthropicDecoderTests {
    static func start(_ usage: String = #""input_tokens":9,"output_tokens":1"#) -> String {
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"big","content":[],"stop_reason":null,"stop_sequence":null,"usage":{\#(usage)}}}"#
    }

    static func block(_ index: Int, _ block: String) -> String {
        #"{"type":"content_block_start","index":\#(index),"content_block":{\#(block)}}"#
    }

    static func delta(_ index: Int, _ delta: String) -> String {
        #"{"type":"content_block_delta","index":\#(index),"delta":{\#(delta)}}"#
    }

    static func text(_ index: Int, _ text: String) -> String { delta(index, #""type":"text_delta","text":"\#(text)""#) }

    static func input(_ index: Int, _ json: String) -> String {
        delta(index, #""type":"input_json_delta","partial_json":"\#(json)""#)
    }

    static func end(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }

    static func finish(_ reason: String, _ usage: String = #""output_tokens":5"#) -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":{\#(usage)}}"#
    }

    static let plain = #""type":"text","text":"""#
    static let thinking = #""type":"thinking","thinking":"","signature":"""#
    static let stop = #"{"type":"message_stop"}"#
    static let begun = "attempt big msg_1."
    static let ended = "usage 9 5; finish0 stop."

    static func tool(_ id: String, _ input: String = "{}") -> String {
        #""type":"tool_use","id":"\#(id)","name":"f","input":\#(input)"#
    }

    static let cases: [(name: String, frames: [String], events: [String])] = [
        (
            "text, with a ping and padding",
            [
                start(), #"{"type": "ping"}"#, block(0, plain), text(0, "Hel"),
                text(0, "lo").dropLast() + "      }", end(0), finish("end_turn"), stop,
            ],
            [begun, "text+0.", "text0 Hel.", "text0 lo.", "text-0.", ended]
        ),
        (
            "an empty delta goes along for clients of this dialect",
            [start(), block(0, tool("a")), input(0, ""), input(0, "{}"), end(0), finish("tool_use"), stop],
            [
                begun, "tool-input+0 a f.", "carrier.", "tool-input0 {}.", "tool-input-0.",
                "usage 9 5; finish0 tool_calls.",
            ]
        ),
        (
            "a signature of reasoning that nobody is shown",
            [
                start(), block(0, thinking), delta(0, #""type":"signature_delta","signature":"Eq\/+==""#), end(0),
                finish("end_turn"), stop,
            ],
            [begun, "reasoning+0.", "aside.", "reasoning-0.", ended]
        ),
        (
            "arguments in the start hold at the end",
            [start(), block(0, tool("a", #"{"q": 1.0}"#)), end(0), finish("tool_use"), stop],
            [
                begun, "tool-input+0 a f.", #"tool-input0 {"q": 1.0}."#, "tool-input-0.",
                "usage 9 5; finish0 tool_calls.",
            ]
        ),
        (
            "arguments in the start give way to deltas",
            [start(), block(0, tool("a", #"{"q":1}"#)), input(0, "{}"), end(0), finish("tool_use"), stop],
            [
                begun, "tool-input+0 a f.", "tool-input0 {}.", "tool-input-0.",
                "usage 9 5; finish0 tool_calls.",
            ]
        ),
        (
            "blocks that overlap",
            [
                start(), block(0, tool("a")), block(1, tool("b")), input(1, "2"), input(0, "1"), end(0), end(1),
                finish("tool_use"), stop,
            ],
            [
                begun, "tool-input+0 a f.", "tool-input+1 b f.", "tool-input1 2.", "tool-input0 1.",
                "tool-input-0.", "tool-input-1.", "usage 9 5; finish0 tool_calls.",
            ]
        ),
        (
            "a second start ends what is open",
            [
                start(), block(0, tool("a")), input(0, "{"), start(), block(0, plain), text(0, "b"), end(0),
                finish("end_turn"),
            ],
            [
                begun, "tool-input+0 a f.", "tool-input0 {.", "tool-input-0.", "text+1.", "text1 b.",
                "text-1.", ended,
            ]
        ),
        (
            "text that was never begun",
            [start(), text(0, "a"), end(0), finish("end_turn"), stop],
            [begun, "text+0.", "text0 a.", "text-0.", ended]
        ),
        (
            "the finish ends what is open",
            [start(), block(0, plain), text(0, "a"), finish("max_tokens"), stop],
            [begun, "text+0.", "text0 a.", "text-0.", "usage 9 5; finish0 length."]
        ),
        (
            "a finish twice, the second with more usage",
            [start(), finish("end_turn", #""output_tokens":2"#), finish("end_turn", #""output_tokens":7"#), stop],
            [begun, "usage 9 2; finish0 stop.", "usage 9 7; finish0 stop."]
        ),
        (
            "usage before the finish",
            [
                start(), #"{"type":"message_delta","delta":{},"usage":{"output_tokens":3}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":null},"context_management":{}}"#, finish("pause_turn"),
                stop,
            ],
            [begun, "usage 9 3.", "carrier.", "usage 9 5; finish0 pause_turn."]
        ),
        (
            "the parts of the request are added up, and a report is filled up from those before",
            [
                start(
                    #""input_tokens":5,"cache_read_input_tokens":30,"cache_creation_input_tokens":2,"output_tokens":1"#),
                finish("end_turn", #""cache_read_input_tokens":40,"output_tokens":5"#), stop,
            ],
            [begun, "usage 47 5; finish0 stop."]
        ),
        (
            "unknown events and blocks",
            [
                start(), #"{"type":"novelty","x":1}"#, block(0, #""type":"hologram","data":1"#),
                delta(0, #""type":"hologram_delta","data":2"#), end(0), finish("end_turn"),
                #"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"latency":1}}"#,
            ],
            [begun, "carrier.", "carrier.", ended, "carrier."]
        ),
        (
            "the provider's own tool",
            [
                start(), block(0, #""type":"server_tool_use","id":"s","name":"web_search","input":{}"#),
                input(0, "{}"), end(0),
                block(1, #""type":"web_search_tool_result","tool_use_id":"s","content":[{"url":"u"}]"#), end(1),
                finish("end_turn"), stop,
            ],
            [
                begun, "aside.", "tool-input+0 s web_search.", "tool-input0 {}.", "tool-input-0.", "aside.", "aside.",
                ended,
            ]
        ),
        (
            "a sentinel in place of the end",
            [start(), block(0, plain), text(0, "a"), end(0), finish("end_turn"), "[DONE]"],
            [begun, "text+0.", "text0 a.", "text-0.", ended]
        ),
        (
            "a whole message",
            [
                #"{"id":"msg_1","type":"message","role":"assistant","model":"big","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a"},{"type":"tool_use","id":"c","name":"f","input":{"q":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":5}}"#
            ],
            [
                "usage 9 5; attempt big msg_1.", "reasoning+0.", "reasoning0 t.", "aside.", "reasoning-0.", "text+1.",
                "text1 a.", "text-1.", "tool-input+2 c f.", #"tool-input2 {"q":1}."#, "tool-input-2.",
                "finish0 tool_calls.",
            ]
        ),
    ]

    @Test(arguments: cases.indices)
    func table(_ place: Int) throws {
        let (name, frames, events) = Self.cases[place]
        let answer = DecodedAnswer(frames: frames, in: .anthropic)
        #expect(answer.script == events, "\(name)")
        #expect(answer.errors.isEmpty && answer.isFinished && answer.failure == nil, "\(name)")
        try answer.log.checkGrammar()
    }

    /// A start, pings and the text alone are no whole answer.
    @Test(arguments: [0, 1, 2, 3, 4, 5])
    func aCutAnswerIsNoSuccess(_ count: Int) throws {
        let ping = #"{"type":"ping"}"#
        let frames = [Self.start(), ping, Self.block(0, Self.plain), Self.text(0, "a"), Self.end(0)].prefix(count)
        for end in [[], ["[DONE]"]] {
            let answer = DecodedAnswer(frames: frames + end, in: .anthropic)
            #expect(!answer.isFinished)
            let reader = try AnthropicReader(answer.log.encoded(by: AnthropicEncoder()))
            #expect(!reader.isDone && reader.error != nil)
        }
    }

    /// Frames that say what nobody understands are refused, and leave no trace.
    static let refused: [(frame: String, error: FrameError)] = [
        ("{", .notJSON), ("7", .unexpectedForm), (#"{"index":0}"#, .unexpectedForm),
        (#"{"error":null}"#, .unexpectedForm),
        (#"{"type":"message_start"}"#, .unexpectedForm), (#"{"type":"message","content":"a"}"#, .unexpectedForm),
        (#"{"type":"content_block_start","index":0}"#, .unexpectedForm),
        (#"{"type":"content_block_start","content_block":{"type":"text"}}"#, .unexpectedForm),
        (#"{"type":"content_block_start","index":0,"content_block":{}}"#, .unexpectedForm),
        (#"{"type":"content_block_start","index":-1,"content_block":{"type":"text"}}"#, .unexpectedForm),
        (#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#, .unexpectedForm),
        (
            #"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"a"}}"#,
            .unexpectedForm
        ),
        (#"{"type":"content_block_delta","index":4,"delta":{"type":"text_delta","text":7}}"#, .unexpectedForm),
        (#"{"type":"content_block_delta","index":0,"delta":"a"}"#, .unexpectedForm),
        (#"{"type":"content_block_stop"}"#, .unexpectedForm),
        (#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":7}}"#, .unexpectedForm),
    ]

    @Test(arguments: refused.indices)
    func refusedFramesLeaveNoTrace(_ place: Int) throws {
        let before = [Self.start(), Self.block(0, Self.plain), Self.text(0, "a")]
        let after = [Self.text(0, "b"), Self.end(0), Self.finish("end_turn"), Self.stop]
        let plain = DecodedAnswer(frames: before + after, in: .anthropic)
        let answer = DecodedAnswer(frames: before + [Self.refused[place].frame] + after, in: .anthropic)
        #expect(answer.errors == [Self.refused[place].error], "\(Self.refused[place].frame)")
        #expect(answer.events == plain.events)
    }

    @Test func onlySoManyBlocksAreOpen() {
        let most = DecodedAnswer(frames: [Self.start()] + (0..<64).map { Self.block($0, Self.plain) }, in: .anthropic)
        #expect(most.errors.isEmpty)
        let more = DecodedAnswer(frames: [Self.start()] + (0..<65).map { Self.block($0, Self.plain) }, in: .anthropic)
        #expect(more.errors == [.limitExceeded])
    }

    /// What began behind the finish has to end: half a call is no answer.
    @Test func aBlockBehindTheFinishMayBeCut() throws {
        let begun = [Self.start(), Self.block(0, Self.plain), Self.text(0, "a"), Self.end(0), Self.finish("tool_use")]
        let late = [Self.block(1, Self.tool("c")), Self.input(1, "{")]
        #expect(DecodedAnswer(frames: begun, in: .anthropic).isFinished)
        for count in 1...late.count {
            let cut = DecodedAnswer(frames: begun + late.prefix(count), in: .anthropic)
            #expect(!cut.isFinished)
            #expect(try AnthropicReader(cut.log.encoded(by: AnthropicEncoder())).error != nil)
        }
        #expect(DecodedAnswer(frames: begun + late + [Self.input(1, "}"), Self.end(1)], in: .anthropic).isFinished)
    }

    /// Blocks that are none of ours are gathered outside the log: all of them together only so much.
    @Test func onlySoMuchIsGathered() {
        let text = String(repeating: "x", count: 1000)
        func hologram(_ index: Int) -> String { Self.block(index, #""type":"hologram","data":"\#(text)""#) }
        let more = Self.delta(0, #""type":"hologram_delta","data":"\#(text)""#)
        let three = [Self.start()] + (0..<3).map(hologram)
        #expect(Self.gathering(three).errors == [])
        #expect(Self.gathering(three + [hologram(3)]).errors == [.limitExceeded])
        #expect(Self.gathering(three + [more]).errors == [.limitExceeded])
        #expect(Self.gathering(three + [Self.end(1), hologram(3), Self.end(0), hologram(4)]).errors == [])
        // What was refused leaves no trace.
        let (open, rest) = (three + [Self.block(3, Self.plain)], [Self.text(3, "a"), Self.end(3), Self.end(0)])
        let spoilt = Self.gathering(open + [hologram(3)] + rest)
        #expect(spoilt.errors == [.limitExceeded])
        #expect(spoilt.events == Self.gathering(open + rest).events)
    }

    private static func gathering(_ frames: [String]) -> (errors: [FrameError], events: [Seen]) {
        var decoder = AnthropicDecoder(route: "a/b", generation: .sample, foreignLimit: 4000)
        var (log, errors) = (GenerationLog(), [FrameError]())
        for frame in frames {
            do throws(FrameError) { _ = try decoder.decode(frame.utf8.span, into: &log) } catch { errors.append(error) }
        }
        return (errors, log.seen())
    }

    /// What a frame means for the attempt.
    @Test func meanings() throws {
        var decoder = ProviderDialect.anthropic.decoder(of: .init(route: "a/b", generation: .sample))
        var log = GenerationLog()
        func meaning(_ frame: String) throws -> DecodedFrame { try decoder.decode(frame.utf8.span, into: &log) }
        #expect(try meaning(#"{"type":"ping"}"#).isPing)
        #expect(try !meaning(Self.start()).hasContent)
        #expect(try !meaning(Self.block(0, Self.plain)).hasContent)
        #expect(try meaning(Self.text(0, "a")).hasContent)
        #expect(try meaning(Self.text(0, "b")) == meaning(Self.text(0, "c")))
        #expect(try !meaning(Self.end(0)).hasOpenToolCall)
        #expect(try meaning(Self.block(2, #""type":"hologram""#)).hasContent)
        #expect(try meaning(Self.delta(2, #""type":"hologram_delta","data":2"#)).hasContent)
        #expect(try !meaning(Self.end(2)).hasOpenToolCall)
        #expect(try meaning(Self.block(1, Self.tool("a"))).hasOpenToolCall)
        #expect(decoder.hasOpenToolCall)
        let finish = try meaning(Self.finish("tool_use"))
        #expect(finish.isFinished && !finish.isDone && !finish.hasOpenToolCall && finish.finishReason == .toolCalls)
        #expect(finish.usage?.outputTokens == 5)
        #expect(try meaning(Self.stop).isDone)
        let error = try meaning(#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)
        #expect(error.failure?.failure.code == "overloaded_error" && error.failure?.failure.providerStatus == 529)
        #expect(error.failure?.failure.isRetryable == true && !error.hasContent)
    }

    /// Errors, signatures and citations come through byte by byte.
    @Test func exactBytes() throws {
        let frames = [
            Self.start(), Self.block(0, Self.thinking),
            Self.delta(0, #""type":"signature_delta","signature":"Eq\/\u0041+=""#), Self.end(0),
            Self.block(1, Self.plain),
            Self.delta(
                1,
                #""type":"citations_delta","citation":{"type":"page_location","cited_text":"words","document_title":"A book","start_page_number":1.50}"#
            ), Self.end(1), Self.finish("end_turn"), Self.stop,
        ]
        let log = DecodedAnswer(frames: frames, in: .anthropic).log
        let fold = log.fold()
        #expect(fold.blocks[0].signature == Signature(dialect: .anthropic, value: "Eq/A+="))
        #expect(fold.blocks[1].citations == [Citation(title: "A book", text: "words")])
        #expect(log.encoded(by: AnthropicEncoder()).contains(#""start_page_number":1.50}"#))
    }
}
