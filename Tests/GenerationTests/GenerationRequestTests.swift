import FreshetGeneration
import FreshetPartialJSON
import Testing

struct GenerationRequestTests {
    static func request(_ body: String) throws(RequestError) -> GenerationRequest {
        try GenerationRequest(body: body.utf8.span)
    }

    @Test func readsEveryMember() throws {
        let options = [
            #""tools":[{"type":"function","function":{"name":"f"}}]"#, #""tool_choice":"auto""#, #""max_tokens":16"#,
            #""temperature":0.50"#, #""top_p":1"#, #""stop":["a","b"]"#, #""seed":-3"#,
            #""response_format":{"type":"json_object"}"#, #""reasoning":{"effort":"low"}"#, #""metadata":{"a":"b"}"#,
        ]
        let body =
            #"{"model":"fast","system":"Be brief.","messages":[{"role":"user","content":"Hi"}],"#
            + options.joined(separator: ",") + "}"
        let request = try Self.request(body)
        #expect(request.model == "fast")
        #expect(request.system == "Be brief.")
        #expect(request.messages == [["role": "user", "content": "Hi"]])
        #expect(
            String(decoding: JSONValue.object(request.options).bytes, as: UTF8.self)
                == "{" + options.joined(separator: ",") + "}")
    }

    @Test(arguments: [
        #"{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}"#,
        #"{"model":null,"system":null,"temperature":null,"messages":[{"role":"user","content":""}]}"#,
        #"{"freshet":{"log":"on"},"messages":[{"role":"user","content":"a"}]}"#,
        #"{"messages":[{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
        #"{"messages":[{"role":"assistant","tool_calls":[]}]}"#,
        #"{"stop":"x","tool_choice":{"type":"function"},"top_p":0,"messages":[{"role":"user","content":"a"}]}"#,
    ])
    func accepts(_ body: String) throws {
        let request = try Self.request(body)
        #expect(request.model == nil)
        #expect(request.options.members.allSatisfy { !$0.value.isNull && $0.name != "freshet" })
    }

    static let message = #""messages":[{"role":"user","content":"a"}]"#

    static let refused: [(String, String?)] = [
        ("", nil), ("[]", nil), ("{", nil), ("{\"a\":1} x", nil),
        ("{}", "messages"), (#"{"messages":[]}"#, "messages"), (#"{"messages":{}}"#, "messages"),
        (#"{"messages":[{"content":"a"}]}"#, "messages[0].role"), (#"{"messages":["a"]}"#, "messages[0].role"),
        (#"{"messages":[{"role":"user","content":"a"},{"role":"user"}]}"#, "messages[1].content"),
        (#"{"messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
        ("{\"model\":7,\(message)}", "model"), ("{\"system\":[],\(message)}", "system"),
        ("{\"tools\":{},\(message)}", "tools"), ("{\"tool_choice\":1,\(message)}", "tool_choice"),
        ("{\"max_tokens\":0,\(message)}", "max_tokens"), ("{\"max_tokens\":1.5,\(message)}", "max_tokens"),
        ("{\"max_tokens\":\"1\",\(message)}", "max_tokens"), ("{\"temperature\":-1,\(message)}", "temperature"),
        ("{\"temperature\":1e999,\(message)}", "temperature"), ("{\"top_p\":1.1,\(message)}", "top_p"),
        ("{\"stop\":[1],\(message)}", "stop"), ("{\"seed\":1.5,\(message)}", "seed"),
        ("{\"response_format\":\"json\",\(message)}", "response_format"),
        ("{\"reasoning\":true,\(message)}", "reasoning"),
        ("{\"metadata\":[],\(message)}", "metadata"), ("{\"max_token\":1,\(message)}", "max_token"),
        ("{\"n\":2,\(message)}", "n"), ("{\"stream\":true,\(message)}", "stream"),
    ]

    @Test(arguments: refused)
    func namesTheFieldAtFault(_ body: String, _ field: String?) throws {
        let error = try #require(throws: RequestError.self) { try Self.request(body) }
        #expect(error.field == field)
        if let field { #expect(error.message.contains("`\(field)`")) }
        #expect(error.failure.code == .invalidRequest)
        #expect(error.failure.parameter == field)
        #expect(!error.failure.isRetryable)
    }
}
