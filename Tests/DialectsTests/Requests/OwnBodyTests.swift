import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What a provider of the client's own dialect gets: the client's bytes, but for what is ours.
struct OwnBodyTests {
    static let habits = ProviderHabits(model: "big")

    static func anthropic(_ body: String) throws -> String {
        String(decoding: try AnthropicRequest(body: Array(body.utf8)).ownBody(for: habits), as: UTF8.self)
    }

    static func gemini(_ body: String) throws -> String {
        let request = try GeminiRequest(body: Array(body.utf8), model: "m", isStream: true)
        return String(decoding: request.ownBody(for: habits), as: UTF8.self)
    }

    @Test func onlyNamedMembersChange() throws {
        let kept = #""messages": [ {"role":"user","content":"Hi", "x": 1.50} ],"unknown":{"freshet":1}"#
        #expect(
            try Self.anthropic(#"{"freshet":{}, "model":"m",\#(kept)}"#)
                == #"{"model":"big",\#(kept),"stream":true}"#)
        #expect(try Self.anthropic(#"{ "stream":false,\#(kept) }"#) == #"{ "stream":true,\#(kept),"model":"big" }"#)
        let contents = #""contents": [ {"parts":[{"text":"Hi"}]} ], "generation_config":{"seed":1.0}"#
        #expect(try Self.gemini(#"{"model":"m", \#(contents),"freshet":1}"#) == "{\(contents)}")
    }

    @Test func theGatewayKnowsWhatItMust() throws {
        let messages = try AnthropicRequest(
            body: Array(#"{"messages":[],"model":"m","stream":true,"thinking":{"type":"enabled"}}"#.utf8))
        #expect(messages.model == "m" && messages.isStream && messages.asksReasoning && messages.choices == 1)
        let idle = try AnthropicRequest(
            body: Array(#"{"messages":[],"model":null,"stream":null,"thinking":{"type":"disabled"}}"#.utf8))
        #expect(idle.model == nil && !idle.isStream && !idle.asksReasoning)
        for (config, choices, asks) in [
            (#""generationConfig":{"candidateCount":2,"thinkingConfig":{"thinkingBudget":0}}"#, 2, false),
            (#""generation_config":{"candidate_count":3,"thinking_config":{"include_thoughts":true}}"#, 3, true),
            (#""generationConfig":{"candidateCount":"2","thinkingConfig":{"thinkingBudget":"0"}}"#, 2, false),
            (#""x":1"#, 1, false),
        ] {
            let request = try GeminiRequest(
                body: Array(#"{"contents":[],\#(config)}"#.utf8), model: "m", isStream: true)
            #expect(request.choices == choices && request.asksReasoning == asks && request.isStream)
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"messages":{}}"#, #"{"messages":[],"model":7}"#, #"{"messages":[],"stream":1}"#,
    ])
    func whatIsNoMessagesRequestIsRefused(_ body: String) {
        #expect(throws: RequestError.self) { try AnthropicRequest(body: Array(body.utf8)) }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"contents":7}"#, #"{"contents":[],"generationConfig":{"candidateCount":0}}"#,
        #"{"contents":[],"generationConfig":{"candidateCount":"two"}}"#,
    ])
    func whatIsNoGeminiRequestIsRefused(_ body: String) {
        #expect(throws: RequestError.self) { try GeminiRequest(body: Array(body.utf8), model: "m", isStream: true) }
    }

    // MARK: Signatures

    static func answer(_ blocks: String) -> String {
        #"{"model":"big","messages":[{"role":"user","content":"Hi"}\#(blocks)],"stream":true}"#
    }

    @Test(arguments: [
        // Its own, whatever it holds, stays to the byte.
        (
            #", {"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"EqQB=="}]}"#,
            #", {"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"EqQB=="}]}"#
        ),
        (
            #",{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature": "freshet.gemini.QQ=="},{"type":"text","text":"y"}]}"#,
            #",{"role":"assistant","content":[{"type":"text","text":"y"}]}"#
        ),
        (
            #",{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""}]},{"role":"user","content":"z"}"#,
            #",{"role":"user","content":"z"}"#
        ),
        (
            #",{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"freshet.anthropic.A"}]}"#,
            #",{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"freshet.anthropic.A"}]}"#
        ),
        (
            #",{"role":"user","content":"\"signature\":\"freshet.gemini.A\""}"#,
            #",{"role":"user","content":"\"signature\":\"freshet.gemini.A\""}"#
        ),
    ])
    func anthropicGetsItsOwnSignaturesAlone(_ given: String, _ sent: String) throws {
        #expect(try Self.anthropic(Self.answer(given)) == Self.answer(sent))
    }

    /// Its models refuse to go on thinking from a call that they did not think about.
    @Test(arguments: [
        ("enabled", "freshet.gemini.QQ==", false), ("enabled", "", false), ("adaptive", "freshet.gemini.QQ==", true),
        ("enabled", "EqQB==", true),
    ])
    func anthropicThinksOnBehindItsOwnCallsAlone(_ kind: String, _ signature: String, _ thinks: Bool) throws {
        let answer = """
            ,{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"freshet.gemini.QQ=="},\
            {"type":"thinking","thinking":"x","signature":"\(signature)"},\
            {"type":"tool_use","id":"a","name":"f","input":{}}]}
            """
        let result = #",{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#
        let next = #",{"role":"user","content":"z"}"#
        for (turns, isKept) in [(answer + result, thinks), (answer + result + next, thinks), (answer + next, true)] {
            let sent = try Self.anthropic(
                Self.answer(turns).dropLast() + #","thinking":{"type":"\#(kind)","budget_tokens":1024}}"#)
            #expect((try JSONValue(parsing: Array(sent.utf8))["thinking"] != nil) == isKept, "\(sent)")
        }
    }

    @Test func geminiGetsItsOwnSignaturesAlone() throws {
        let foreign = Signature(dialect: .anthropic, value: "EqQB==").value(for: .gemini)
        let given = """
            {"contents":[{"role":"model","parts":[{"text":"Hmm","thought":true,"thoughtSignature":"\(foreign)"},\
            {"text":"","thought_signature":"\(foreign)"},{"functionCall":{"name":"f"},"thoughtSignature":"\(foreign)"},\
            {"functionCall":{"name":"g"},"thoughtSignature":"QQ=="}]},\
            {"role":"model","parts":[{"thoughtSignature":"\(foreign)"}]}]}
            """
        #expect(
            try Self.gemini(given) == """
                {"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}},\
                {"functionCall":{"name":"g"},"thoughtSignature":"QQ=="}]}]}
                """)
    }

    /// Chat's inventor refuses what it does not know; others may have given it themselves.
    @Test func chatsInventorGetsNoSignatures() throws {
        let given = """
            {"model":"big","messages":[{"role":"assistant","content":null,"reasoning_details":[],"x":1,"tool_calls":[\
            {"id":"a","extra_content":{"google":{}}}]}],"stream":true}
            """
        let request = try OpenAIChatRequest(body: Array(given.utf8))
        let compatible = request.ownBody(for: ProviderHabits(model: "big", asksUsage: false))
        #expect(String(decoding: compatible, as: UTF8.self) == given)
        let inventor = ProviderHabits(model: "big", asksUsage: false, namesCompletionTokens: true)
        #expect(
            String(decoding: request.ownBody(for: inventor), as: UTF8.self)
                == #"{"model":"big","messages":[{"role":"assistant","content":null,"x":1,"tool_calls":[{"id":"a"}]}],"stream":true}"#
        )
    }
}
