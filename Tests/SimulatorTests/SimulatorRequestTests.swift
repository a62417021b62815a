import FreshetPartialJSON
import Testing

@testable import FreshetSimulator

struct SimulatorRequestTests {
    @Test(
        arguments: [
            ("", 400, nil), ("[]", 400, nil), ("{", 400, nil), ("{}", 400, "model"), (#"{"model":5}"#, 400, "model"),
            (#"{"model":"talk"}"#, 400, "messages"), (#"{"model":"talk","messages":[]}"#, 400, "messages"),
            (#"{"model":"talk","messages":[{}]}"#, 400, "messages[0].role"),
            (#"{"model":"nope","messages":[]}"#, 404, "model"), (#"{"model":"talk-z","messages":[]}"#, 404, "model"),
        ] as [(String, Int, String?)])
    func refusesBodies(_ text: String, _ status: Int, _ parameter: String?) throws {
        var simulator = Simulator()
        let performance = Performance(simulator.respond(to: Array(text.utf8)))
        #expect(performance.head.status == status && performance.end == .end)
        let error = try #require(try JSONValue(parsing: performance.bytes)["error"])
        #expect(error["param"]?.stringValue == parameter)
    }

    @Test(arguments: [
        (#","stream":1"#, "stream"), (#","stream_options":{}"#, "stream_options"),
        (#","stream":true,"stream_options":{"include_usage":0}"#, "stream_options.include_usage"),
        (#","n":0"#, "n"), (#","n":9"#, "n"), (#","max_tokens":0"#, "max_tokens"), (#","tools":{}"#, "tools"),
        (#","tools":[{}]"#, "tools[0].function.name"), (#","tool_choice":"required""#, "tool_choice"),
        (#","tool_choice":{"type":"function","function":{"name":"x"}}"#, "tool_choice"),
        (#","response_format":{"type":"xml"}"#, "response_format.type"),
        (#","response_format":{"type":"json_schema"}"#, "response_format.json_schema.schema"),
    ])
    func namesTheField(_ members: String, _ parameter: String) throws {
        let performance = perform("talk", members)
        #expect(performance.head.status == 400)
        #expect(try JSONValue(parsing: performance.bytes)["error"]?["param"]?.stringValue == parameter)
    }

    @Test func readsTheConversation() throws {
        let text = """
            {"model":"sim/talk","stream":true,"stream_options":{"include_usage":true},"seed":4,"messages":[
            {"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"one two"},
            {"type":"image_url","image_url":{"url":"x"}}]},{"role":"assistant","content":null}]}
            """
        let request = try SimulatorRequest(parsing: Array(text.utf8))
        #expect(request.isStreamed && request.includesUsage && request.seed == 4 && request.userText == "one two")
        #expect(request.promptWords == 4 && request.choices == 1 && !request.endsWithToolResult)
    }

    @Test func listsItsModels() throws {
        let models = try JSONValue(parsing: Performance(Simulator.models(in: .chat)).bytes)
        let names = models["data"]?.arrayValue?.map { $0["id"]?.stringValue }
        #expect(names == ["sim/talk", "sim/code", "sim/tools", "sim/json", "sim/think"])
    }
}
