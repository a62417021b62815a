import FreshetPartialJSON
import Testing

@testable import FreshetSimulator

struct SimulatedAnswerTests {
    static let tools = """
        ,"tools":[{"type":"function","function":{"name":"search","parameters":{"type":"object",\
        "properties":{"query":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":5}},\
        "required":["query"]}}},{"type":"function","function":{"name":"now"}}]
        """
    static let schema = """
        ,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object",\
        "properties":{"title":{"type":"string"}}}}}
        """

    static let cases: [(model: String, members: String)] = [
        ("talk-n1", ""), ("talk-n2", ""), ("talk-n0", ""), ("talk", ""), ("talk-n3000-seed4", ""), ("code-n400", ""),
        ("think-n60", ""), ("think-n1", ""), ("tools", ""), ("json", ""), ("tools", tools), ("talk", schema),
        ("tools", tools + #","parallel_tool_calls":false"#), ("tools", tools + #","tool_choice":"none""#),
        ("talk", tools + #","tool_choice":"required""#), ("talk", tools), ("talk-n90", #","n":3"#),
        ("tools", #","n":2"# + tools), ("talk", #","max_tokens":7"#), ("json", #","max_completion_tokens":7"#),
        ("talk", tools + #","tool_choice":{"type":"function","function":{"name":"now"}}"#), ("talk-n120-split", ""),
        ("think-n40-split1", #","n":2"#),
    ]

    @Test(arguments: cases)
    func aStreamFollowsTheGrammarAndFoldsIntoTheWholeAnswer(_ model: String, _ members: String) throws {
        let streamed = perform(model, members + #","stream":true,"stream_options":{"include_usage":true}"#)
        #expect(streamed.end == .end && streamed.head.status == 200 && streamed.head.contentLength == nil)
        let reading = try StreamReading(streamed.frames, expectsUsage: true)
        let whole = perform(model, members)
        #expect(whole.end == .end && whole.head.contentLength == whole.bytes.count)
        let body = try JSONValue(parsing: whole.bytes)
        #expect(try reading.inOrder == readWhole(body))
        #expect(reading.usage == body["usage"])

        let unasked = try StreamReading(perform(model, members + #","stream":true"#).frames, expectsUsage: false)
        #expect(unasked.inOrder == reading.inOrder && unasked.usage == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 10, 57, 200, 1234])
    func hasExactlyTheTokensAskedFor(_ count: Int) throws {
        for word in ["talk", "code", "think"] {
            for seed in 0..<20 {
                let streamed = perform("\(word)-n\(count)-seed\(seed)-i10-t5")
                // Role, tokens, finish, [DONE].
                #expect(streamed.writes.count == count + 3)
                #expect(streamed.dues.first == 5 && streamed.dues.last == UInt64(5 + 10 * count))
            }
        }
    }

    private func text(_ model: String, _ prompt: String, _ members: String = "") throws -> String? {
        var simulator = Simulator()
        let answer = Performance(simulator.respond(to: body(model, members, prompt: prompt)))
        return try readWhole(JSONValue(parsing: answer.bytes))[0].content
    }

    @Test func seedsDecideAndSoDoesTheUser() throws {
        #expect(try text("talk-seed1", "a") == text("sim/talk-seed1-i5", "b"))
        #expect(try text("talk", "a") == text("talk", "a"))
        #expect(try text("talk", "a") != text("talk", "b"))
        #expect(try text("talk", "a", #","seed":-3"#) == text("talk", "b", #","seed":-3"#))
        #expect(try text("talk-seed1", "a") != text("talk-seed2", "a"))
    }

    @Test func talkShowsEverythingWithinItsDefaultLength() throws {
        for seed in 0..<30 {
            let text = try #require(try text("talk-seed\(seed)", ""))
            for mark in ["## ", "**", "](https://", "\n- ", "```", "|---|"] {
                #expect(text.contains(mark), "\(mark) in seed \(seed)")
            }
            #expect(text.unicodeScalars.contains { (0x3040...0xD7A3).contains($0.value) })
            #expect(text.unicodeScalars.contains { $0.value > 0x1F000 || $0 == "✨" })
            #expect(text.split(separator: "```", omittingEmptySubsequences: false).count % 2 == 1, "no open block")
        }
    }

    @Test func callsEveryToolWithArgumentsOfItsSchema() throws {
        let answer = try readWhole(JSONValue(parsing: perform("tools", Self.tools).bytes))[0]
        #expect(answer.content == nil && answer.finish == "tool_calls")
        #expect(answer.calls.map { $0["function"]?["name"]?.stringValue } == ["search", "now"])
        let arguments = try #require(answer.calls[0]["function"]?["arguments"]?.stringValue)
        let value = try JSONValue(parsing: Array(arguments.utf8))
        #expect(value["query"]?.stringValue != nil)
        #expect((1...5).contains(try #require(value["limit"]?.intValue)))
        #expect(answer.calls[1]["function"]?["arguments"]?.stringValue == "{}")
    }

    @Test func aToolsResultIsAnsweredWithText() throws {
        let request = #"{"model":"tools-n5","messages":[{"role":"user","content":"x"},{"role":"tool","content":"y"}]}"#
        var simulator = Simulator()
        let answer = Performance(simulator.respond(to: Array(request.utf8)))
        #expect(try readWhole(JSONValue(parsing: answer.bytes))[0].finish == "stop")
    }

    @Test func aLongAnswerIsNotMadeInAdvance() {
        var simulator = Simulator()
        let script = simulator.respond(to: body("talk-n1000000-i0", #","stream":true"#))
        #expect(Performance(script, most: 50).writes.count == 50)
    }

    @Test func theSameRequestGivesTheSameBytes() {
        for (model, members) in Self.cases {
            let members = members + #","stream":true"#
            #expect(perform(model, members).bytes == perform(model, members).bytes)
        }
    }
}
