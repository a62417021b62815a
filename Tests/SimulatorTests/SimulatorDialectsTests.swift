import FreshetPartialJSON
import Testing

@testable import FreshetSimulator

/// What an answer says, in whichever dialect it was said.
private struct Said: Equatable {
    var text = ""
    var reasoning = ""
    var signature: String?
    var calls: [String] = []
    var isCutShort = false
    var outputTokens = 0
}

/// The same request in Messages' and Gemini's words.
private struct Asked {
    var model: String
    var messages = ""
    var generation = ""
    var gemini = ""
    /// In Chat's words.
    var chat = ""

    static let schema = #"{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}"#
    static let capitals = #"{"type":"OBJECT","properties":{"query":{"type":"STRING"}},"required":["query"]}"#
    static let tools = Asked(
        model: "tools",
        messages:
            #","tools":[{"name":"find","input_schema":\#(schema)},{"name":"now","input_schema":{"type":"object"}}]"#,
        gemini: #","tools":[{"functionDeclarations":[{"name":"find","parameters":\#(capitals)},{"name":"now"}]}]"#,
        chat:
            #","tools":[{"type":"function","function":{"name":"find","parameters":\#(schema)}},{"type":"function","function":{"name":"now"}}]"#
    )

    func with(_ messages: String, _ gemini: String, _ chat: String, model: String? = nil) -> Asked {
        var asked = self
        asked.messages += messages
        asked.gemini += gemini
        asked.chat += chat
        asked.model = model ?? self.model
        return asked
    }

    var messagesBody: [UInt8] {
        let most = messages.contains("max_tokens") ? "" : #","max_tokens":1000000"#
        return Array(#"{"model":"\#(model)","messages":[{"role":"user","content":"hello"}]\#(most)\#(messages)}"#.utf8)
    }
    var geminiBody: [UInt8] {
        Array(#"{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{\#(generation)}\#(gemini)}"#.utf8)
    }
}

private let asked: [Asked] = [
    Asked(model: "talk-n40"), Asked(model: "talk-n0"), Asked(model: "think-n30"), Asked(model: "json"),
    Asked(
        model: "talk-n40", messages: #","max_tokens":7"#, generation: #""maxOutputTokens":7"#, chat: #","max_tokens":7"#
    ),
    Asked.tools,
    Asked.tools.with(
        #","tool_choice":{"type":"any"}"#, #","toolConfig":{"functionCallingConfig":{"mode":"ANY"}}"#,
        #","tool_choice":"required""#, model: "think-n12"),
    Asked.tools.with(
        #","tool_choice":{"type":"none"}"#, #","toolConfig":{"functionCallingConfig":{"mode":"NONE"}}"#,
        #","tool_choice":"none""#),
    Asked(
        model: "talk", messages: #","output_config":{"format":{"type":"json_schema","schema":\#(Asked.schema)}}"#,
        generation: #""responseMimeType":"application/json","responseSchema":\#(Asked.capitals)"#,
        chat: #","response_format":{"type":"json_schema","json_schema":{"name":"x","schema":\#(Asked.schema)}}"#),
]

private func performed(_ body: [UInt8], _ endpoint: SimulatorEndpoint) -> Performance {
    var simulator = Simulator()
    return Performance(simulator.respond(to: body, at: endpoint))
}

private func stream(_ model: String, isEventStream: Bool = true) -> SimulatorEndpoint {
    .gemini(model: model, .streamGenerateContent(isEventStream: isEventStream))
}

// MARK: Readers

/// Reads events under Messages' exact grammar.
private func readMessages(_ performance: Performance, endsWithStop: Bool = true) throws -> Said {
    var said = Said()
    var blocks = -1
    var kind: String?
    var names: [String] = []
    var arguments = ""
    for event in String(decoding: performance.bytes, as: UTF8.self).split(separator: "\n\n") {
        let lines = event.split(separator: "\n")
        let name = String(lines[0].dropFirst("event: ".count))
        let data = try JSONValue(parsing: Array(lines[1].dropFirst("data: ".count).utf8))
        #expect(lines.count == 2 && data["type"]?.stringValue == name)
        names.append(name)
        if let index = data["index"]?.intValue { #expect(index == (name.hasSuffix("start") ? blocks + 1 : blocks)) }
        switch name {
        case "message_start":
            #expect(data["message"]?["content"]?.arrayValue?.isEmpty == true && blocks == -1)
        case "content_block_start":
            #expect(kind == nil)
            (blocks, kind, arguments) = (blocks + 1, data["content_block"]?["type"]?.stringValue, "")
            if let tool = data["content_block"]?["name"]?.stringValue {
                #expect(data["content_block"]?["id"]?.stringValue?.hasPrefix("toolu_") == true)
                said.calls.append(tool)
            }
        case "content_block_delta":
            let delta = try #require(data["delta"])
            said.text += delta["text"]?.stringValue ?? ""
            said.reasoning += delta["thinking"]?.stringValue ?? ""
            arguments += delta["partial_json"]?.stringValue ?? ""
            if let signature = delta["signature"]?.stringValue { said.signature = signature }
        case "content_block_stop":
            if kind == "tool_use" { said.calls[said.calls.count - 1] += arguments }
            kind = nil
        case "message_delta":
            #expect(kind == nil)
            said.isCutShort = data["delta"]?["stop_reason"]?.stringValue == "max_tokens"
            said.outputTokens = data["usage"]?["output_tokens"]?.intValue ?? -1
        default: #expect(["ping", "message_stop"].contains(name))
        }
    }
    #expect(names.first == "message_start" && (names.last == "message_stop") == endsWithStop)
    return said
}

private func readMessage(_ message: JSONValue) -> Said {
    var said = Said()
    for block in message["content"]?.arrayValue ?? [] {
        said.text += block["text"]?.stringValue ?? ""
        said.reasoning += block["thinking"]?.stringValue ?? ""
        said.signature = said.signature ?? block["signature"]?.stringValue
        if let name = block["name"]?.stringValue, let input = block["input"] {
            said.calls.append(name + String(decoding: input.bytes, as: UTF8.self))
        }
    }
    said.isCutShort = message["stop_reason"]?.stringValue == "max_tokens"
    said.outputTokens = message["usage"]?["output_tokens"]?.intValue ?? -1
    return said
}

private func readGemini(_ chunks: [JSONValue]) -> Said {
    var said = Said()
    for chunk in chunks {
        let candidate = chunk["candidates"]?[0]
        for part in candidate?["content"]?["parts"]?.arrayValue ?? [] {
            let text = part["text"]?.stringValue ?? ""
            if part["thought"]?.boolValue == true { said.reasoning += text } else { said.text += text }
            if let signature = part["thoughtSignature"]?.stringValue { said.signature = signature }
            if let name = part["functionCall"]?["name"]?.stringValue, let input = part["functionCall"]?["args"] {
                said.calls.append(name + String(decoding: input.bytes, as: UTF8.self))
            }
        }
        if candidate?["finishReason"] != nil {
            said.isCutShort = candidate?["finishReason"]?.stringValue == "MAX_TOKENS"
        }
        let usage = chunk["usageMetadata"]
        let tokens = (usage?["candidatesTokenCount"]?.intValue ?? 0) + (usage?["thoughtsTokenCount"]?.intValue ?? 0)
        said.outputTokens = tokens
    }
    return said
}

private func chunks(_ performance: Performance) throws -> [JSONValue] {
    try String(decoding: performance.bytes, as: UTF8.self).split(separator: "\r\n\r\n").map {
        try JSONValue(parsing: Array($0.dropFirst("data: ".count).utf8))
    }
}

// MARK: Tests

struct SimulatorDialectsTests {
    @Test(arguments: asked.indices)
    func eachDialectSaysTheSame(_ place: Int) throws {
        let asked = asked[place]
        let expected = try readWhole(JSONValue(parsing: perform(asked.model, asked.chat).bytes))[0]
        let streamed = performed(Array(asked.messagesBody.dropLast()) + Array(#","stream":true}"#.utf8), .messages)
        let messages = try readMessages(streamed)
        #expect(messages.text == (expected.content ?? "") && messages.reasoning == (expected.reasoning ?? ""))
        #expect(
            messages.calls
                == expected.calls.map {
                    ($0["function"]?["name"]?.stringValue ?? "") + ($0["function"]?["arguments"]?.stringValue ?? "")
                })
        #expect(messages.isCutShort == (expected.finish == "length"))
        #expect((messages.signature != nil) == (expected.reasoning != nil))
        let whole = try JSONValue(parsing: performed(asked.messagesBody, .messages).bytes)
        #expect(readMessage(whole) == messages)

        let parts = try readGemini(chunks(performed(asked.geminiBody, stream(asked.model))))
        var same = messages
        same.signature = parts.signature
        #expect(parts == same && (parts.signature != nil) == (messages.signature != nil))
        let array = try JSONValue(parsing: performed(asked.geminiBody, stream(asked.model, isEventStream: false)).bytes)
        #expect(try readGemini(#require(array.arrayValue)) == parts)
        let body = performed(asked.geminiBody, .gemini(model: asked.model, .generateContent))
        #expect(try readGemini([JSONValue(parsing: body.bytes)]) == parts)
        #expect(body.head.headers[0].value == "application/json")
    }

    /// Model; writes, end and its time of Messages; the same of Gemini.
    @Test(
        arguments: [
            ("talk-n5-i10-t100", 8, 6, .end, 150), ("talk-n5-i10-t100-rst3", 4, 3, .reset, 130),
            ("talk-n5-i10-t100-fin2", 3, 2, .cut, 120), ("talk-n5-i10-t100-stall4", 5, 4, .stall, 140),
            ("talk-n5-i10-t100-err3", 5, 4, .end, 130), ("talk-n5-i10-t100-nodone", 7, 5, .end, 150),
            ("talk-n5-i10-t100-garbage2", 9, 7, .end, 150), ("talk-n5-i10-t100-http529", 1, 1, .end, 0),
        ] as [(String, Int, Int, SimulatorStep.Action, UInt64)])
    func faultsComeAfterTheirToken(
        _ model: String, _ messages: Int, _ gemini: Int, _ end: SimulatorStep.Action, _ due: UInt64
    ) {
        let asked = Asked(model: model, messages: #","stream":true"#)
        let one = performed(asked.messagesBody, .messages)
        #expect(one.writes.count == messages && one.end == end && one.endDue == due)
        let other = performed(asked.geminiBody, stream(model))
        #expect(other.writes.count == gemini && other.end == end && other.endDue == due)
    }

    @Test func errorsHaveTheFormOfTheirDialect() throws {
        let asked = Asked(model: "talk-n5-err3", messages: #","stream":true"#)
        let messages = String(decoding: performed(asked.messagesBody, .messages).bytes, as: UTF8.self)
        let last = String(try #require(messages.split(separator: "data: ").last))
        let error = try JSONValue(parsing: Array(last.utf8))
        #expect(error["type"]?.stringValue == "error" && error["error"]?["type"]?.stringValue == "overloaded_error")
        #expect(!messages.contains("message_stop"))
        let gemini = String(decoding: performed(asked.geminiBody, stream("talk-n5-err3")).bytes, as: UTF8.self)
        #expect(gemini.split(separator: "\r\n\r\n").last?.hasPrefix("{\n  \"error\": {") == true)
        let array = performed(asked.geminiBody, stream("talk-n5-err3", isEventStream: false))
        #expect(try JSONValue(parsing: array.bytes).arrayValue?.last?["error"]?["code"]?.intValue == 503)

        let refused = performed(Asked(model: "talk-http429-retry7").messagesBody, .messages)
        let refusal = try JSONValue(parsing: refused.bytes)
        #expect(refused.head.status == 429 && refusal["error"]?["type"]?.stringValue == "rate_limit_error")
        let other = performed(asked.geminiBody, .gemini(model: "talk-http429-retry7", .generateContent))
        let status = try JSONValue(parsing: other.bytes)["error"]
        #expect(status?["status"]?.stringValue == "RESOURCE_EXHAUSTED")
        #expect(status?["details"]?[0]?["retryDelay"]?.stringValue == "7s")
    }

    @Test(
        arguments: [
            (#"{"model":"talk","max_tokens":1}"#, "messages: at least one message is required"),
            (#"{"model":"talk","messages":[{"role":"user","content":"x"}]}"#, "max_tokens: Field required"),
            (#"{"model":"talk","max_tokens":1,"messages":[{"role":"tool","content":"x"}]}"#, "messages.0.role: "),
            (#"{"max_tokens":1}"#, "model: Field required"), ("[]", "The body of your request"),
        ])
    func refusesWhatAnthropicRefuses(_ body: String, _ message: String) throws {
        let refused = performed(Array(body.utf8), .messages)
        let said = try JSONValue(parsing: refused.bytes)["error"]?["message"]?.stringValue
        #expect(refused.head.status == 400 && said?.hasPrefix(message) == true)
    }

    @Test(arguments: [
        (#"{}"#, 400), (#"{"contents":[{"role":"user","parts":[]}]}"#, 400),
        (#"{"contents":[{"parts":[{"text":"x"}]}]}"#, 404),
    ])
    func refusesWhatGoogleRefuses(_ body: String, _ status: Int) {
        let model = status == 404 ? "gemini-9" : "talk"
        #expect(performed(Array(body.utf8), .gemini(model: model, .generateContent)).head.status == status)
    }

    @Test func countsWords() throws {
        let messages =
            #"{"model":"talk","system":"be brief","messages":[{"role":"user","content":[{"type":"text","text":"one two"}]}]}"#
        #expect(
            try JSONValue(parsing: performed(Array(messages.utf8), .messagesCount).bytes)["input_tokens"]?.intValue == 4
        )
        let gemini = #"{"contents":[{"parts":[{"text":"one two three"}]}]}"#
        let counted = performed(Array(gemini.utf8), .gemini(model: "talk", .countTokens))
        #expect(try JSONValue(parsing: counted.bytes)["totalTokens"]?.intValue == 3)
    }

    @Test func aToolsResultIsAnsweredWithText() throws {
        let messages =
            #"{"model":"tools-n5","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"y"}]}]}"#
        #expect(try readMessage(JSONValue(parsing: performed(Array(messages.utf8), .messages).bytes)).calls == [])
        let gemini =
            #"{"contents":[{"parts":[{"text":"x"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#
        let answer = performed(Array(gemini.utf8), .gemini(model: "tools-n5", .generateContent))
        #expect(try readGemini([JSONValue(parsing: answer.bytes)]).calls == [])
    }

    /// Google's servers take members in either spelling.
    @Test func snakeCase() throws {
        let camel =
            #"{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"camelCase":{"type":"string"}},"required":["camelCase"]}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"maxOutputTokens":3,"candidateCount":2}}"#
        var snake = camel
        for (name, other) in [
            ("functionDeclarations", "function_declarations"), ("parametersJsonSchema", "parameters_json_schema"),
            ("toolConfig", "tool_config"), ("functionCallingConfig", "function_calling_config"),
            ("allowedFunctionNames", "allowed_function_names"), ("generationConfig", "generation_config"),
            ("maxOutputTokens", "max_output_tokens"), ("candidateCount", "candidate_count"),
        ] { snake = snake.replacing(name, with: other) }
        let read = { (body: String) in
            try SimulatorRequest(parsingGemini: Array(body.utf8), model: "tools", isStreamed: false)
        }
        #expect(try read(snake) == read(camel))
        #expect(try read(snake).maxTokens == 3)
        #expect(try read(snake).tools.first?.parameters?["required"]?[0] == "camelCase")
    }

    @Test func severalCandidatesTakeTurns() throws {
        let asked = Asked(model: "talk-n3", generation: #""candidateCount":2"#)
        let indexes = try chunks(performed(asked.geminiBody, stream("talk-n3"))).map {
            $0["candidates"]?[0]?["index"]?.intValue
        }
        #expect(indexes == [0, 1, 0, 1, 0, 1, 0, 1])
    }

    /// What is recorded, where it is asked for, the type it is served as, and the bytes.
    @Test(
        arguments: [
            (
                "{\"type\":\"a\"}\n\n{\"b\":1}\n", .messages, "text/event-stream; charset=utf-8",
                "event: a\ndata: {\"type\":\"a\"}\n\ndata: {\"b\":1}\n\n"
            ),
            (
                "{\"a\":1}\n{\"b\":1}\n", stream("talk"), "text/event-stream; charset=utf-8",
                "data: {\"a\":1}\r\n\r\ndata: {\"b\":1}\r\n\r\n"
            ),
            (
                "{\"a\":1}\n{\"b\":1}\n", stream("talk", isEventStream: false), "application/json; charset=UTF-8",
                "[{\"a\":1},\r\n{\"b\":1}]"
            ),
            ("{\"a\":1}\n{\"b\":1}\n", .chatCompletions, "application/x-ndjson", "{\"a\":1}\n{\"b\":1}\n"),
            (
                "[{\n\"a\":\"}{\"}\n,\n{\"b\":{}}]\n", stream("talk"), "application/json; charset=UTF-8",
                "[{\n\"a\":\"}{\"}\n,\n{\"b\":{}}]\n"
            ),
            ("{\n\"a\":1}\n", stream("talk"), "application/json; charset=UTF-8", "{\n\"a\":1}\n"),
            ("data: 1\n\n", .messages, "text/event-stream; charset=utf-8", "data: 1\n\n"),
        ] as [(String, SimulatorEndpoint, String, String)])
    func replaysWhatWasRecorded(_ recording: String, _ endpoint: SimulatorEndpoint, _ type: String, _ bytes: String) {
        var simulator = Simulator(recording: Array(recording.utf8))
        let performance = Performance(simulator.respond(to: [], at: endpoint))
        #expect(performance.head.headers[0].value == type)
        #expect(String(decoding: performance.bytes, as: UTF8.self) == bytes)
    }

    @Test(
        arguments: [
            (["v1", "messages"], .messages), (["messages", "count_tokens"], .messagesCount),
            (["v1beta", "models", "sim/talk:generateContent"], .gemini(model: "sim/talk", .generateContent)),
            (["v1beta", "models", "sim", "talk:countTokens"], .gemini(model: "sim/talk", .countTokens)),
            (["models", "talk:streamGenerateContent"], stream("talk")), (["v1", "models", "talk"], nil),
            (["v1", "chat", "completions"], .chatCompletions), (["v1", "models", "talk:embed"], nil), ([], nil),
        ] as [([String], SimulatorEndpoint?)])
    func findsItsPlaces(_ path: [String], _ endpoint: SimulatorEndpoint?) {
        #expect(SimulatorEndpoint(path: path, isEventStream: true) == endpoint)
    }
}
