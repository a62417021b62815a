import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What single members become at each provider.
struct WrittenRequestTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let client: DialectName
        let members: String
        let provider: ProviderDialect
        let path: [JSONPathStep]
        /// JSON; nil when nothing may stand there.
        let expected: String?
        var model: String?
        var testDescription: String { "\(client.rawValue) → \(provider.rawValue) \(path): \(members)" }
    }

    static let user = RefusedRequestTests.user
    static let said = RefusedRequestTests.said
    static let tool = RefusedRequestTests.tool

    static func chat(_ members: String, _ provider: ProviderDialect, _ path: [JSONPathStep], _ expected: String?)
        -> Case
    {
        Case(client: .openAIChat, members: "\(user),\(members)", provider: provider, path: path, expected: expected)
    }
    static func messages(
        _ members: String, _ provider: ProviderDialect, _ path: [JSONPathStep], _ expected: String?
    ) -> Case {
        Case(client: .anthropic, members: "\(user),\(members)", provider: provider, path: path, expected: expected)
    }
    static func gemini(_ members: String, _ provider: ProviderDialect, _ path: [JSONPathStep], _ expected: String?)
        -> Case
    {
        Case(client: .gemini, members: "\(said),\(members)", provider: provider, path: path, expected: expected)
    }

    static let thinking: [Case] = [
        chat(#""reasoning_effort":"low""#, .anthropic, ["thinking"], #"{"type":"enabled","budget_tokens":1024}"#),
        chat(#""reasoning_effort":"low""#, .anthropic, ["max_tokens"], "8192"),
        chat(#""reasoning_effort":"high""#, .anthropic, ["max_tokens"], "28672"),
        chat(#""reasoning_effort":"high","max_tokens":4000"#, .anthropic, ["thinking", "budget_tokens"], "2000"),
        chat(#""reasoning_effort":"high","max_tokens":1500"#, .anthropic, ["thinking", "budget_tokens"], "1024"),
        chat(#""reasoning_effort":"high","max_tokens":1024"#, .anthropic, ["thinking"], nil),
        chat(#""reasoning_effort":"none""#, .anthropic, ["thinking"], #"{"type":"disabled"}"#),
        chat(#""reasoning":{"max_tokens":500}"#, .anthropic, ["thinking", "budget_tokens"], "1024"),
        chat(#""reasoning":{"max_tokens":9000},"max_tokens":3000"#, .anthropic, ["thinking", "budget_tokens"], "2999"),
        chat(#""reasoning":{"enabled":true,"exclude":true}"#, .anthropic, ["thinking", "display"], #""omitted""#),
        chat(
            #""thinking":{"type":"disabled"}"#, .gemini, ["generationConfig", "thinkingConfig"],
            #"{"thinkingBudget":0}"#),
        chat(
            #""reasoning_effort":"xhigh""#, .gemini, ["generationConfig", "thinkingConfig"],
            #"{"thinkingLevel":"HIGH","includeThoughts":true}"#),
        messages(#""thinking":{"type":"enabled","budget_tokens":2048}"#, .openAIChat, ["reasoning_effort"], #""low""#),
        messages(
            #""thinking":{"type":"enabled","budget_tokens":30000}"#, .openAIChat, ["reasoning_effort"], #""high""#),
        messages(#""thinking":{"type":"disabled"}"#, .openAIChat, ["reasoning_effort"], nil),
        messages(
            #""thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#, .openAIChat, ["reasoning_effort"],
            #""max""#),
        messages(
            #""thinking":{"type":"enabled","budget_tokens":2048,"display":"omitted"}"#, .gemini,
            ["generationConfig", "thinkingConfig"], #"{"thinkingBudget":2048,"includeThoughts":false}"#),
        gemini(
            #""generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}"#, .openAIChat, ["reasoning_effort"],
            #""low""#),
        gemini(
            #""generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}"#, .anthropic, ["thinking", "budget_tokens"],
            "8192"),
        gemini(#""generationConfig":{"thinkingConfig":{"includeThoughts":false}}"#, .anthropic, ["thinking"], nil),
        // A budget where the model knows no levels.
        Case(
            client: .openAIChat, members: #"\#(user),"reasoning_effort":"medium""#, provider: .gemini,
            path: ["generationConfig", "thinkingConfig", "thinkingBudget"], expected: "8192", model: "gemini-2.5-flash"),
    ]

    static let tools: [Case] = [
        chat(#"\#(tool),"tool_choice":"required""#, .anthropic, ["tool_choice"], #"{"type":"any"}"#),
        chat(#"\#(tool),"tool_choice":"none""#, .anthropic, ["tool_choice"], #"{"type":"none"}"#),
        chat(
            #"\#(tool),"parallel_tool_calls":false"#, .anthropic, ["tool_choice"],
            #"{"type":"auto","disable_parallel_tool_use":true}"#),
        chat(#""tool_choice":"auto","parallel_tool_calls":false"#, .anthropic, ["tool_choice"], nil),
        chat(
            #"\#(tool),"tool_choice":"required""#, .gemini, ["toolConfig", "functionCallingConfig"], #"{"mode":"ANY"}"#),
        chat(
            #"""
            "tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}],
            "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[
            {"type":"function","function":{"name":"g"}}]}}
            """#, .anthropic, ["tools"], #"[{"name":"g","input_schema":{"type":"object"}}]"#),
        messages(
            #""tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}"#,
            .openAIChat, ["parallel_tool_calls"], "false"),
        messages(
            #""tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"any"}"#, .openAIChat, ["tool_choice"],
            #""required""#),
        gemini(
            #"""
            "tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}],
            "toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f"]}}
            """#, .openAIChat, ["tool_choice", "allowed_tools", "mode"], #""auto""#),
        gemini(
            #"""
            "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":
            {"type":{"type":"ARRAY","items":{"type":"NUMBER"},"min_items":"2"}}}}]}]
            """#, .openAIChat, ["tools", 0, "function", "parameters"],
            #"{"type":"object","properties":{"type":{"type":"array","items":{"type":"number"},"minItems":2}}}"#),
    ]

    static let options: [Case] = [
        chat(#""stop":"END""#, .anthropic, ["stop_sequences"], #"["END"]"#),
        chat(#""seed":7"#, .anthropic, ["seed"], nil),
        chat(#""n":3"#, .gemini, ["generationConfig", "candidateCount"], "3"),
        chat(
            #""response_format":{"type":"json_object"}"#, .gemini, ["generationConfig"],
            #"{"responseMimeType":"application/json"}"#),
        chat(#""response_format":{"type":"text"}"#, .gemini, ["generationConfig"], nil),
        chat(#""temperature":1.50"#, .gemini, ["generationConfig", "temperature"], "1.50"),
        messages(#""top_k":40.0"#, .gemini, ["generationConfig", "topK"], "40.0"),
        messages(#""max_tokens":7"#, .openAIChat, ["max_completion_tokens"], "7"),
        messages(#""metadata":{"user_id":"u"}"#, .openAIChat, ["user"], #""u""#),
        gemini(#""generationConfig":{"maxOutputTokens":"7"}"#, .openAIChat, ["max_completion_tokens"], "7"),
        gemini(#""generationConfig":{"temperature":"0.50"}"#, .openAIChat, ["temperature"], "0.50"),
        gemini(#""generationConfig":{"topK":40.0}"#, .anthropic, ["top_k"], "40"),
        gemini(#""generationConfig":{"frequencyPenalty":0.0}"#, .anthropic, ["frequency_penalty"], nil),
        gemini(#""system_instruction":"Be brief.""#, .anthropic, ["system"], #"[{"type":"text","text":"Be brief."}]"#),
        gemini(#""safetySettings":[{"threshold":"OFF"}]"#, .openAIChat, ["safetySettings"], nil),
    ]

    @Test(arguments: thinking + tools + options)
    func aMemberBecomes(_ written: Case) throws {
        let request = try RefusedRequestTests.read(written.client, "{\(written.members)}")
        var habits = RequestFixture.habits(of: written.provider)
        habits.model = written.model ?? habits.model
        let body = try JSONValue(parsing: request.modelRequest().body(for: written.provider, habits))
        let expected = try written.expected.map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(body[path: written.path] == expected, "\(String(decoding: body.bytes, as: UTF8.self))")
    }

    // MARK: Turns

    /// An assistant's call and what followed, in Chat's form.
    static func loop(_ details: String, _ then: String = "") -> String {
        """
        {"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"\\n",\(details)"tool_calls":[\
        {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},\
        {"role":"tool","tool_call_id":"a","content":"1"}\(then)],"reasoning_effort":"low","tools":[\
        {"type":"function","function":{"name":"f"}}]}
        """
    }

    /// Anthropic's models refuse to think on behind a call that they did not think about.
    @Test(arguments: [
        ("", "", false), ("", #",{"role":"user","content":"Go on."}"#, false),
        (
            #""reasoning_details":[{"type":"reasoning.text","text":"x","signature":"S","format":"anthropic-claude-v1"}],"#,
            "", true
        ),
        (
            #""reasoning_details":[{"type":"reasoning.text","text":"x","signature":"S","format":"google-gemini-v1"}],"#,
            "", false
        ),
        ("", #",{"role":"assistant","content":"Done."},{"role":"user","content":"More."}"#, true),
    ])
    func thinkingIsAskedForWhereItCanBe(_ details: String, _ then: String, _ isAsked: Bool) throws {
        let request = try OpenAIChatRequest(body: Array(Self.loop(details, then).utf8)).modelRequest()
        let body = try JSONValue(parsing: request.body(for: .anthropic, ProviderHabits(model: "m")))
        #expect((body["thinking"] != nil) == isAsked)
        #expect(!String(decoding: body.bytes, as: UTF8.self).contains(#""text":"\n""#))
    }

    /// Compatible servers want reasoning back beside calls of the running turn; their inventor would refuse it.
    @Test func reasoningGoesBackToCompatibleServers() throws {
        let body = """
            {"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[\
            {"type":"thinking","thinking":"Hmm.","signature":""},{"type":"tool_use","id":"a","name":"f","input":{}}]},\
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"}]}]}
            """
        let request = try AnthropicRequest(body: Array(body.utf8)).modelRequest()
        let compatible = try JSONValue(parsing: request.body(for: .openAIChat, ProviderHabits(model: "m")))
        #expect(compatible["messages"]?[1]?["reasoning_content"] == "Hmm.")
        let inventor = ProviderHabits(model: "m", namesCompletionTokens: true)
        let plain = try JSONValue(parsing: request.body(for: .openAIChat, inventor))
        #expect(plain["messages"]?[1]?["reasoning_content"] == nil)
        #expect(plain["messages"]?[1]?["tool_calls"]?[0]?["id"] == "a")
    }

    /// What a tool said, in Anthropic's form, and what Gemini is told.
    @Test(arguments: [
        (#""content":"sunny""#, #"{"result":"sunny"}"#), (#""content":"sunny","is_error":true"#, #"{"error":"sunny"}"#),
        (#""content":"{\"a\": 1.0}""#, #"{"a":1.0}"#),
        (#""content":"{\"a\":1}","is_error":true"#, #"{"error":"{\"a\":1}"}"#),
        (#""content":"{\"error\":1}","is_error":true"#, #"{"error":1}"#),
        (#""content":"[1, 2]""#, #"{"result":[1,2]}"#),
        (#""content":"7""#, #"{"result":"7"}"#), (#""content":"""#, #"{"result":""}"#),
        (#""is_error":false"#, #"{"result":""}"#),
        (#""content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#, #"{"result":"a\n\nb"}"#),
    ])
    func resultsAreObjectsAtGemini(_ members: String, _ response: String) throws {
        let body = """
            {"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},\
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"a",\(members)}]}]}
            """
        let request = try AnthropicRequest(body: Array(body.utf8)).modelRequest()
        let sent = try JSONValue(parsing: request.body(for: .gemini, ProviderHabits(model: "m")))
        let given = sent["contents"]?[1]?["parts"]?[0]?["functionResponse"]
        #expect(given?["response"] == (try JSONValue(parsing: Array(response.utf8))))
        #expect(given?["name"] == "f" && given?["id"] == "a")
    }

    /// Google's client writes bytes in the alphabet for URLs; others know only the common one.
    @Test(arguments: [("-_8", "+/8="), ("-_8=", "+/8="), ("AAAA", "AAAA"), ("AA==", "AA=="), ("AA\\nAA", "AAAA")])
    func bytesAreWrittenInTheCommonAlphabet(_ given: String, _ sent: String) throws {
        let body = #"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/PNG","data":"\#(given)"}}]}]}"#
        let request = try GeminiRequest(body: Array(body.utf8), model: "m", isStream: true).modelRequest()
        let chat = try JSONValue(parsing: request.body(for: .openAIChat, ProviderHabits(model: "m")))
        let url = chat["messages"]?[0]?["content"]?[0]?["image_url"]?["url"]
        #expect(url == .string("data:image/png;base64,\(sent)"))
    }
}
