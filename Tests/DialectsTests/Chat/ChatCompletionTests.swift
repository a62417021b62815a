import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// The document of a request that asked for no stream.
struct ChatCompletionTests {
    static func body(_ log: GenerationLog, merge: Int = 0) throws -> JSONValue {
        var completion = OpenAIChatCompletion()
        var cursor = LogCursor()
        while log.read(&cursor, merge: merge, { completion.apply($0, $1) }) {}
        return try JSONValue(parsing: completion.body())
    }

    @Test(arguments: GoldenProgram.all)
    func programsBecomeDocuments(_ program: GoldenProgram) throws {
        let body = try Self.body(program.log)
        let fold = program.log.fold()
        let id = fold.attempt?.providerID ?? "chatcmpl-01kagvpn40003g00000000001a"
        #expect(body["id"]?.stringValue == id)
        #expect(body["object"]?.stringValue == "chat.completion")
        #expect(body["model"]?.stringValue == fold.attempt?.providerModel ?? "fast")
        for choice in body["choices"]?.arrayValue ?? [] {
            let index = try #require(choice["index"]?.intValue)
            let message = try #require(choice["message"])
            #expect(message["role"]?.stringValue == "assistant")
            #expect(choice["finish_reason"]?.stringValue != nil)
            let blocks = fold.blocks.filter { $0.start.choice == index }
            let text = blocks.filter { $0.start.kind == .text }.map(\.text).joined()
            #expect(message["content"]?.stringValue ?? "" == text)
            #expect(message["tool_calls"]?.arrayValue?.count ?? 0 == blocks.count { $0.start.kind == .toolInput })
        }
    }

    @Test func anAnswerThatWasStoppedHasItsOutcomesReason() throws {
        let reason = { (name: String) in
            let program = try #require(GoldenProgram.all.first { $0.name == name })
            return try Self.body(program.log)["choices"]?[0]?["finish_reason"]?.stringValue
        }
        #expect(try reason("stopped") == "stop")
        #expect(try reason("over-budget") == "length")
        #expect(try reason("empty") == "content_filter")
    }

    @Test(arguments: ChatEncoderTests.same.indices)
    func mergingNeverChangesTheDocument(_ place: Int) throws {
        let log = DecodedAnswer(frames: ChatEncoderTests.same[place]).log
        #expect(try Self.body(log) == Self.body(log, merge: 1 << 20))
    }

    @Test func membersBesideTheAnswerAreFolded() throws {
        let head = ChatEncoderTests.head
        let body = try Self.body(
            DecodedAnswer(frames: [
                #"{\#(head),"choices":[{"index":0,"delta":{"role":"assistant","content":"a","x":"1","y":[1],"z":null},"logprobs":{"content":[{"token":"a"}],"refusal":null},"finish_reason":null}],"system_fingerprint":null}"#,
                #"{\#(head),"choices":[{"index":0,"delta":{"content":"b","x":"2","y":[2],"z":7},"logprobs":{"content":[{"token":"b"}],"refusal":null},"finish_reason":"stop"}],"system_fingerprint":"f"}"#,
                #"{\#(head),"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"more":true}}"#,
            ]).log)
        #expect(body["system_fingerprint"]?.stringValue == "f")
        #expect(body["usage"]?.text == #"{"prompt_tokens":1,"completion_tokens":2,"more":true}"#)
        let choice = try #require(body["choices"]?[0])
        #expect(choice["logprobs"]?["content"]?.text == #"[{"token":"a"},{"token":"b"}]"#)
        #expect(
            choice["message"]?.text
                == #"{"role":"assistant","content":"ab","refusal":null,"x":"12","y":[1,2],"z":7}"#)
    }

    /// An answer that is empty is not one that is absent.
    @Test(arguments: [("\"\"", "\"\""), ("null", "null")])
    func emptyIsNotAbsent(_ content: String, _ wanted: String) throws {
        let frame =
            #"{\#(ChatEncoderTests.head),"choices":[{"index":0,"delta":{"content":\#(content)},"finish_reason":"stop"}]}"#
        let message = try Self.body(DecodedAnswer(frames: [frame]).log)["choices"]?[0]?["message"]
        #expect(message?["content"]?.text == wanted)
    }

    /// A thousand log probabilities are folded in place.
    @Test func manyMembersAreFoldedInOrder() throws {
        let frames = (0..<1000).map {
            #"{\#(ChatEncoderTests.head),"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"\#($0)"}]},"finish_reason":null}]}"#
        }
        let body = try Self.body(DecodedAnswer(frames: frames).log)
        let tokens = body["choices"]?[0]?["logprobs"]?["content"]?.arrayValue ?? []
        #expect(tokens.map { $0["token"]?.stringValue } == (0..<1000).map { "\($0)" })
    }
}
