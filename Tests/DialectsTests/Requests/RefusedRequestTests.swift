import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// What has no place at a provider is told in the client's words.
struct RefusedRequestTests {
    /// A body of a client's, where it was to go, and the field that the error names.
    struct Case: CustomTestStringConvertible, Sendable {
        let client: DialectName
        let members: String
        let provider: ProviderDialect
        let field: String?
        var testDescription: String { "\(client.rawValue) → \(provider.rawValue): \(members)" }
    }

    static func read(_ client: DialectName, _ body: String) throws(RequestError) -> any ClientRequest {
        let body = Array(body.utf8)
        return switch client {
        case .openAIChat: try OpenAIChatRequest(body: body)
        case .anthropic: try AnthropicRequest(body: body)
        case .gemini: try GeminiRequest(body: body, model: "m", isStream: true)
        case .native, .simple: try GenerationRequest(body: body.span)
        }
    }

    static func chat(_ members: String, _ field: String?, at provider: ProviderDialect = .anthropic) -> Case {
        Case(client: .openAIChat, members: members, provider: provider, field: field)
    }
    static func native(_ members: String, _ field: String?, at provider: ProviderDialect = .anthropic) -> Case {
        Case(client: .native, members: members, provider: provider, field: field)
    }
    static func anthropic(_ members: String, _ field: String?, at provider: ProviderDialect = .openAIChat) -> Case {
        Case(client: .anthropic, members: members, provider: provider, field: field)
    }
    static func gemini(_ members: String, _ field: String?, at provider: ProviderDialect = .openAIChat) -> Case {
        Case(client: .gemini, members: members, provider: provider, field: field)
    }

    static let user = #""messages":[{"role":"user","content":"Hi"}]"#
    static let said = #""contents":[{"parts":[{"text":"Hi"}]}]"#
    static let tool = #""tools":[{"type":"function","function":{"name":"f"}}]"#

    static func chatPart(_ part: String) -> String { #""messages":[{"role":"user","content":[\#(part)]}]"# }
    static func block(_ block: String, _ role: String = "user") -> String {
        #""messages":[{"role":"\#(role)","content":[\#(block)]}]"#
    }
    static func part(_ part: String, _ role: String = "user") -> String {
        #""contents":[{"role":"\#(role)","parts":[\#(part)]}]"#
    }
    static func config(_ members: String) -> String { #"\#(said),"generationConfig":{\#(members)}"# }
    static func called(_ arguments: String) -> String {
        #""messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":\#(arguments)}}]}]"#
    }

    static let chatCases: [Case] = [
        chat(#"\#(user),"logprobs":true"#, "logprobs"), chat(#"\#(user),"top_logprobs":2"#, "top_logprobs"),
        chat(#"\#(user),"logit_bias":{"1":2}"#, "logit_bias"), chat(#"\#(user),"audio":{}"#, "audio"),
        chat(#"\#(user),"modalities":["text","audio"]"#, "modalities"),
        chat(#"\#(user),"functions":[{}]"#, "functions"),
        chat(#"\#(user),"function_call":{"name":"f"}"#, "function_call"),
        chat(#"\#(user),"web_search_options":{}"#, "web_search_options"),
        chat(#"\#(user),"moderation":{}"#, "moderation"), chat(#"\#(user),"min_p":0.1"#, "min_p"),
        chat(#"\#(user),"parent":"gen_1""#, "parent"),
        chat(#"\#(user),"temperature":1.5"#, "temperature"), chat(#"\#(user),"temperature":"hot""#, "temperature"),
        chat(#"\#(user),"temperature":1e999"#, "temperature"),
        chat(#"\#(user),"frequency_penalty":0.5"#, "frequency_penalty"),
        chat(#"\#(user),"presence_penalty":-1"#, "presence_penalty"), chat(#"\#(user),"n":2"#, "n"),
        chat(#"\#(user),"response_format":{"type":"json_object"}"#, "response_format"),
        chat(#"\#(user),"response_format":{"type":"xml"}"#, "response_format.type"),
        chat(
            #"\#(user),"response_format":{"type":"json_schema","json_schema":{}}"#, "response_format.json_schema.schema"
        ),
        chat(#"\#(user),"max_tokens":0"#, "max_tokens"),
        chat(#"\#(user),"max_completion_tokens":1.5"#, "max_completion_tokens"),
        chat(#"\#(user),"reasoning_effort":"hihg""#, "reasoning_effort"),
        chat(#"\#(user),"reasoning":{"effort":"HIGH"}"#, "reasoning.effort", at: .gemini),
        chat(#"\#(user),"reasoning_effort":"low","temperature":0.5"#, "temperature"),
        chat(#"\#(user),"reasoning_effort":"low","top_p":0.5"#, "top_p"),
        chat(#"\#(user),\#(tool),"reasoning_effort":"low","tool_choice":"required""#, "tool_choice"),
        chat(#"\#(user),"reasoning":{"max_tokens":2000},"max_tokens":500"#, "max_tokens"),
        chat(#"\#(user),"reasoning":{"max_tokens":9223372036854775807}"#, "reasoning"),
        chat(#"\#(user),"stop":[1]"#, "stop[0]"), chat(#"\#(user),"stop":1"#, "stop"),
        chat(#"\#(user),\#(tool),"parallel_tool_calls":false"#, "parallel_tool_calls", at: .gemini),
        chat(#"\#(user),\#(tool),"tool_choice":"all""#, "tool_choice"),
        chat(#"\#(user),\#(tool),"tool_choice":{"type":"function"}"#, "tool_choice.function"),
        chat(#"\#(user),"tools":[{"type":"custom","custom":{}}]"#, "tools[0]"),
        chat(#"\#(user),"tools":[{"type":"function","function":{}}]"#, "tools[0].function.name"),
        chat(#"\#(user),"tools":[{"type":"function","function":{"name":"a.b"}}]"#, "tools[0]"),
        chat(
            #"\#(user),"tools":[{"type":"function","function":{"name":"a","parameters":[]}}]"#,
            "tools[0].function.parameters"),
        chat(#""messages":[]"#, "messages"), chat(#""messages":[{"role":"system","content":"x"}]"#, "messages"),
        chat(#""messages":[{"content":"x"}]"#, "messages[0].role"), chat(#""messages":[7]"#, "messages[0].role"),
        chat(#""messages":[{"role":"function","name":"f","content":"x"}]"#, "messages[0].role"),
        chat(#""messages":[{"role":"user"}]"#, "messages[0].content"),
        chat(#""messages":[{"role":"user","content":7}]"#, "messages[0].content"),
        chat(#""messages":[{"role":"user","content":""}]"#, "messages[0]"),
        chat(chatPart(#"{"type":"text"}"#), "messages[0].content[0].text"),
        chat(chatPart(#"{"type":"hologram"}"#), "messages[0].content[0].type"),
        chat(
            chatPart(#"{"type":"image_url","image_url":{"url":"data:image/png,x"}}"#),
            "messages[0].content[0].image_url.url"),
        chat(
            chatPart(#"{"type":"image_url","image_url":{"url":"data:image/png;base64,?"}}"#),
            "messages[0].content[0].image_url.url"),
        chat(chatPart(#"{"type":"image_url","image_url":{"url":"sky.png"}}"#), "messages[0].content[0].image_url.url"),
        chat(
            chatPart(#"{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AAAA"}}"#),
            "messages[0].content[0]"),
        chat(
            chatPart(#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#), "messages[0].content[0]"),
        chat(chatPart(#"{"type":"file","file":{"file_id":"file-1"}}"#), "messages[0].content[0]"),
        chat(
            chatPart(#"{"type":"file","file":{"file_data":"data:application/zip;base64,AAAA"}}"#),
            "messages[0].content[0]"),
        chat(chatPart(#"{"type":"file","file":{}}"#), "messages[0].content[0].file.file_data"),
        chat(#""messages":[{"role":"tool","tool_call_id":"x","content":"y"}]"#, "messages[0].tool_call_id"),
        chat(#""messages":[{"role":"assistant","function_call":{"name":"f"}}]"#, "messages[0].function_call"),
        chat(called(#""[1]""#), "messages[0].tool_calls[0].function.arguments"),
        chat(called(#""{\"a\":""#), "messages[0].tool_calls[0].function.arguments"),
        chat(called("7"), "messages[0].tool_calls[0].function.arguments"),
        native(#"\#(user),"temperature":1.5"#, "temperature"), native(#"\#(user),"tools":[{}]"#, "tools[0].function"),
        native(#"\#(user),"response_format":{"type":"json_object"}"#, "response_format"),
    ]

    static let anthropicCases: [Case] = [
        anthropic(#"\#(user),"container":"c""#, "container"), anthropic(#"\#(user),"mcp_servers":[{}]"#, "mcp_servers"),
        anthropic(#"\#(user),"thread":{"type":"create"}"#, "thread"),
        anthropic(
            #"\#(user),"thread":{"type":"continue","previous_message_id":"msg_1"}"#, "thread.previous_message_id"),
        anthropic(#"\#(user),"context_management":{}"#, "context_management"), anthropic(#"\#(user),"k":1"#, "k"),
        anthropic(#"\#(user),"top_k":5"#, "top_k"),
        anthropic(#"\#(user),"tool_choice":{"type":"x"}"#, "tool_choice.type"),
        anthropic(#"\#(user),"tool_choice":{"type":"tool"}"#, "tool_choice.name"),
        anthropic(#"\#(user),"tools":[{"type":"web_search_20250305","name":"web_search"}]"#, "tools[0].type"),
        anthropic(#"\#(user),"tools":[{"name":"f"}]"#, "tools[0].input_schema"),
        anthropic(#"\#(user),"thinking":{"type":"enabled"}"#, "thinking.budget_tokens"),
        anthropic(#"\#(user),"thinking":{"type":"x"}"#, "thinking.type"),
        anthropic(#"\#(user),"output_config":{"format":{"type":"x"}}"#, "output_config.format.type"),
        anthropic(#"\#(user),"output_config":{"effort":"hihg"}"#, "output_config.effort"),
        anthropic(#"\#(user),"output_config":{"task_budget":{}}"#, "output_config.task_budget"),
        anthropic(#"\#(user),"metadata":{"user_id":7}"#, "metadata.user_id"),
        anthropic(#"\#(user),"system":7"#, "system"),
        anthropic(#"\#(user),"system":[{"type":"image","source":{"type":"url","url":"https://x"}}]"#, "system[0]"),
        anthropic(#""messages":[{"role":"x","content":"y"}]"#, "messages[0].role"),
        anthropic(#""messages":[{"role":"system","content":"x"}]"#, "messages", at: .gemini),
        anthropic(block(#"{"type":"image","source":{"type":"x"}}"#), "messages[0].content[0].source.type"),
        anthropic(
            block(#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"%"}}"#),
            "messages[0].content[0].source.data"),
        anthropic(block(#"{"type":"image","source":{"type":"file","file_id":"f"}}"#), "messages[0].content[0]"),
        anthropic(
            block(#"{"type":"document","source":{"type":"url","url":"https://x/y.pdf"}}"#), "messages[0].content[0]"),
        anthropic(block(#"{"type":"container_upload","file_id":"f"}"#), "messages[0].content[0].type"),
        anthropic(block(#"{"type":"tool_result","tool_use_id":"x"}"#), "messages[0].content[0].tool_use_id"),
        anthropic(block(#"{"type":"tool_use","id":"x","name":"f"}"#, "assistant"), "messages[0].content[0].input"),
        anthropic(
            block(#"{"type":"tool_use","id":"x","name":"f","input":[]}"#, "assistant"), "messages[0].content[0].input"),
        anthropic(block(#"{"type":"tool_use","id":"x","name":"f","input":{}}"#), "messages[0].content[0]"),
        anthropic(block(#"{"type":"redacted_thinking"}"#, "assistant"), "messages[0].content[0].data"),
        anthropic(
            block(#"{"type":"thinking","thinking":"x","signature":1}"#, "assistant"), "messages[0].content[0].signature"
        ),
    ]

    static let geminiCases: [Case] = [
        gemini(#"\#(said),"cachedContent":"c""#, "cachedContent"),
        gemini(#"\#(said),"cached_content":"c""#, "cached_content"),
        gemini(#"\#(said),"systemInstruction":"x","system_instruction":"y""#, "system_instruction"),
        gemini(config(#""maxOutputTokens":"x""#), "generationConfig.maxOutputTokens"),
        gemini(#"\#(said),"k":1"#, "k"), gemini(config(#""topK":40"#), "generationConfig.topK"),
        gemini(#"\#(said),"generation_config":{"top_k":40}"#, "generation_config.top_k"),
        gemini(config(#""topK":40,"thinkingConfig":{"thinkingBudget":2000}"#), "generationConfig.topK", at: .anthropic),
        gemini(config(#""frequencyPenalty":1"#), "generationConfig.frequencyPenalty", at: .anthropic),
        gemini(config(#""candidateCount":2"#), "generationConfig.candidateCount", at: .anthropic),
        gemini(config(#""temperature":2.0"#), "generationConfig.temperature", at: .anthropic),
        gemini(config(#""responseMimeType":"application/json""#), "generationConfig.responseMimeType", at: .anthropic),
        gemini(config(#""responseMimeType":"text/x.enum""#), "generationConfig.responseMimeType"),
        gemini(config(#""responseModalities":["IMAGE"]"#), "generationConfig.responseModalities"),
        gemini(config(#""responseLogprobs":true"#), "generationConfig.responseLogprobs"),
        gemini(config(#""speechConfig":{}"#), "generationConfig.speechConfig"),
        gemini(config(#""x":1"#), "generationConfig.x"),
        gemini(config(#""stopSequences":"x""#), "generationConfig.stopSequences"),
        gemini(config(#""thinkingConfig":{"thinkingBudget":-2}"#), "generationConfig.thinkingConfig.thinkingBudget"),
        gemini(config(#""thinkingConfig":{"thinkingLevel":"HIHG"}"#), "generationConfig.thinkingConfig.thinkingLevel"),
        gemini(#"\#(said),"tools":[{"googleSearch":{}}]"#, "tools[0].googleSearch"),
        gemini(#"\#(said),"tools":[{"code_execution":{}}]"#, "tools[0].code_execution"),
        gemini(#"\#(said),"tools":[{"functionDeclarations":[{}]}]"#, "tools[0].functionDeclarations[0].name"),
        gemini(#"\#(said),"tools":[{"functionDeclarations":[{"name":"a.b"}]}]"#, "tools[0].functionDeclarations[0]"),
        gemini(
            #"\#(said),"toolConfig":{"functionCallingConfig":{"mode":"x"}}"#, "toolConfig.functionCallingConfig.mode"),
        gemini(#"\#(said),"safetySettings":[{"threshold":"BLOCK_LOW_AND_ABOVE"}]"#, "safetySettings[0].threshold"),
        gemini(#""systemInstruction":"x","contents":[{"parts":[]}]"#, "contents[0]"),
        gemini(#""contents":[]"#, "contents"), gemini(#""contents":[{"role":"x","parts":[]}]"#, "contents[0].role"),
        gemini(#""contents":[{"parts":[]}]"#, "contents[0]"), gemini(part("{}"), "contents[0].parts[0]"),
        gemini(part(#"{"inlineData":{"data":"AAAA"}}"#), "contents[0].parts[0].inlineData.mimeType"),
        gemini(part(#"{"inline_data":{"mime_type":"image/png","data":"%"}}"#), "contents[0].parts[0].inline_data.data"),
        gemini(part(#"{"fileData":{"fileUri":"https://x/y"}}"#), "contents[0].parts[0]"),
        gemini(part(#"{"fileData":{"fileUri":"https://x/y"}}"#), "contents[0].parts[0]", at: .anthropic),
        gemini(part(#"{"inlineData":{"mimeType":"video/mp4","data":"AAAA"}}"#), "contents[0].parts[0]"),
        gemini(part(#"{"fileData":{"fileUri":"gs://x/y","mimeType":"image/png"}}"#), "contents[0].parts[0]"),
        gemini(part(#"{"inlineData":{"mimeType":"image/png","data":"AAAA"}}"#, "model"), "contents[0].parts[0]"),
        gemini(part(#"{"functionCall":{}}"#, "model"), "contents[0].parts[0].functionCall.name"),
        gemini(part(#"{"functionCall":{"name":"f","args":7}}"#, "model"), "contents[0].parts[0].functionCall.args"),
        gemini(part(#"{"functionResponse":{"name":"f","response":{}}}"#), "contents[0].parts[0].functionResponse"),
        gemini(
            part(#"{"functionResponse":{"id":"x","name":"f","response":{}}}"#),
            "contents[0].parts[0].functionResponse.id"),
        gemini(#"\#(said),"systemInstruction":{"parts":[{"inlineData":{}}]}"#, "systemInstruction.parts[0].text"),
    ]

    @Test(arguments: chatCases + anthropicCases + geminiCases)
    func theFieldIsNamed(_ refused: Case) throws {
        let body = "{\(refused.members)}"
        let error = try #require(throws: RequestError.self) {
            let request = try Self.read(refused.client, body)
            return try request.body(for: refused.provider, RequestFixture.habits(of: refused.provider))
        }
        #expect(error.field == refused.field, "\(error.message)")
        #expect(error.message.contains(" "))
    }

    /// The same bodies go to a provider of their own dialect as they are, if they are requests at all.
    @Test(arguments: (chatCases + anthropicCases + geminiCases).filter { $0.client != .native })
    func aProviderOfTheSameDialectJudgesForItself(_ refused: Case) throws {
        guard let request = try? Self.read(refused.client, "{\(refused.members)}") else { return }
        let own = try #require(ProviderDialect.allCases.first { $0.name == refused.client })
        let sent = try JSONValue(parsing: request.body(for: own, ProviderHabits(model: "big", asksUsage: false)))
        let given = try JSONValue(parsing: Array("{\(refused.members)}".utf8))
        for member in given.objectValue?.members ?? [] { #expect(sent[member.name] == member.value) }
    }
}
