import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

struct ChatRequestTests {
    static func request(_ body: String) throws(RequestError) -> OpenAIChatRequest {
        try OpenAIChatRequest(body: Array(body.utf8))
    }

    static let messages = #""messages":[{"role":"user","content":"Hi"}]"#

    @Test(arguments: [
        (
            #"{"model":"fast", \#(messages), "seed": 1.50, "x":{"model":"y"} }"#,
            #"{"model":"big", \#(messages), "seed": 1.50, "x":{"model":"y"} ,"stream":true}"#
        ),
        (
            #"{"stream" : false,"model":"fast",\#(messages)}"#,
            #"{"stream" : true,"model":"big",\#(messages)}"#
        ),
        (
            #"{"freshet":{"log":"on"},"model":"fast",\#(messages)}"#, #"{"model":"big",\#(messages),"stream":true}"#
        ),
        (
            #"{\#(messages),"freshet":1,"stream":true}"#, #"{\#(messages),"stream":true,"model":"big"}"#
        ),
    ])
    func onlyNamedMembersChange(_ body: String, _ sent: String) throws {
        let written = String(
            decoding: try Self.request(body).ownBody(for: ProviderHabits(model: "big", asksUsage: false)), as: UTF8.self
        )
        #expect(try JSONValue(parsing: Array(written.utf8)) == JSONValue(parsing: Array(sent.utf8)))
        // Every byte that is not of these members is the client's.
        #expect(written.filter { $0 != " " } == sent.filter { $0 != " " })
    }

    @Test(arguments: [
        (#"{"model":"m",\#(messages)}"#, #"{"include_usage":true}"#),
        (#"{"model":"m",\#(messages),"stream_options":null}"#, #"{"include_usage":true}"#),
        (#"{"model":"m",\#(messages),"stream_options":{}}"#, #"{"include_usage":true}"#),
        (
            #"{"model":"m",\#(messages),"stream_options":{"x":1.0,"include_usage":false}}"#,
            #"{"x":1.0,"include_usage":true}"#
        ),
        (#"{"model":"m",\#(messages),"stream_options":{"include_usage":true}}"#, #"{"include_usage":true}"#),
    ])
    func usageIsAskedFor(_ body: String, _ options: String) throws {
        let sent = try JSONValue(parsing: try Self.request(body).ownBody(for: ProviderHabits(model: "big")))
        #expect(sent["stream_options"]?.text == options)
        let unasked = try JSONValue(
            parsing: try Self.request(body).ownBody(for: ProviderHabits(model: "big", asksUsage: false)))
        #expect(try unasked["stream_options"] == JSONValue(parsing: Array(body.utf8))["stream_options"])
    }

    @Test func readsWhatTheGatewayMustKnow() throws {
        let request = try Self.request(
            #"{\#(Self.messages),"n":3,"stream":true,"stream_options":{"include_usage":true},"model":"a\u0062"}"#)
        #expect(request.model == "ab")
        #expect(request.isStream && request.includesUsage)
        #expect(request.choices == 3)
        let plain = try Self.request("{\(Self.messages),\"n\":null,\"stream\":null}")
        #expect(plain.model == nil)
        #expect(!plain.isStream && !plain.includesUsage)
        #expect(plain.choices == 1)
    }

    static let refused: [(String, String?)] = [
        ("", nil), ("[]", nil), ("{\(messages)", nil), ("{\(messages)} {}", nil), ("{}", "messages"),
        ("{\"messages\":{}}", "messages"), ("{\"messages\":null}", "messages"), ("{\(messages),\"model\":7}", "model"),
        ("{\(messages),\"model\":[]}", "model"), ("{\(messages),\"stream\":\"yes\"}", "stream"),
        ("{\(messages),\"stream\":1}", "stream"), ("{\(messages),\"n\":0}", "n"), ("{\(messages),\"n\":129}", "n"),
        ("{\(messages),\"n\":1.5}", "n"), ("{\(messages),\"n\":\"2\"}", "n"),
        ("{\(messages),\"stream_options\":[]}", "stream_options"),
        ("{\(messages),\"stream_options\":{\"include_usage\":1}}", "stream_options.include_usage"),
    ]

    @Test(arguments: refused)
    func namesTheFieldAtFault(_ body: String, _ field: String?) throws {
        let error = try #require(throws: RequestError.self) { try Self.request(body) }
        #expect(error.field == field)
        if let field { #expect(error.message.contains("`\(field)`")) }
    }

    @Test func theNativeRequestBecomesAChatRequest() throws {
        let native = try GenerationRequest(
            body:
                #"{"model":"fast","system":"Be brief.","messages":[{"role":"user","content":"Hi"}],"max_tokens":16,"temperature":0.50,"reasoning":{"effort":"low"},"metadata":{"a":"b"},"tools":[{"type":"function"}]}"#
                .utf8.span)
        let body = { (names: Bool, usage: Bool) in
            String(
                decoding: native.openAIChatBody(
                    for: ProviderHabits(model: "big", asksUsage: usage, namesCompletionTokens: names)),
                as: UTF8.self)
        }
        #expect(
            body(false, true)
                == #"{"model":"big","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"max_tokens":16,"temperature":0.50,"reasoning_effort":"low","tools":[{"type":"function"}],"stream":true,"stream_options":{"include_usage":true}}"#
        )
        #expect(body(true, false).contains(#""max_completion_tokens":16"#))
        #expect(!body(true, false).contains("stream_options"))
    }
}
