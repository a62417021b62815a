public import FreshetGeneration
import FreshetPartialJSON

extension OpenAIChatRequest {
    /// The conversation and all options in no dialect's words.
    public func modelRequest() throws(RequestError) -> ModelRequest {
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        let body = RequestField(value, at: "")
        try RequestMembers.openAIChat.check(body)
        var reader = ChatRequestReader()
        try reader.read(body)
        return reader.request
    }
}

extension GenerationRequest {
    /// The conversation and all options in no dialect's words.
    public func modelRequest() throws(RequestError) -> ModelRequest {
        var members = options.members
        members.insert(.init(name: "messages", value: .array(messages)), at: 0)
        let body = RequestField(.object(JSONObject(members)), at: "")
        try RequestMembers.native.check(body)
        var reader = ChatRequestReader()
        if let system { reader.request.system.append(ModelPart(.text(system), in: "system")) }
        try reader.read(body)
        return reader.request
    }
}

/// Reads a Chat Completions body; a native one has members of the same names.
struct ChatRequestReader {
    var request = ModelRequest()

    mutating func read(_ body: RequestField) throws(RequestError) {
        var conversation = ChatMessageReader()
        try conversation.read(try body.required("messages", "an array of {\"role\", \"content\"} objects"))
        request.system += conversation.system
        request.turns = conversation.turns
        try readTools(body)
        try readSampling(body)
        request.reasoning = try Self.reasoning(body)
        request.format = try Self.format(body["response_format"])
        request.user = try (body["user"] ?? body["safety_identifier"])?.askedString()
        request.choices = try body["n"]?.askedWhole(from: 1)
    }

    private mutating func readSampling(_ body: RequestField) throws(RequestError) {
        request.maxTokens = try (body["max_completion_tokens"] ?? body["max_tokens"])?.askedWhole(from: 1)
        request.temperature = try body["temperature"]?.askedNumber()
        request.topP = try body["top_p"]?.askedNumber()
        request.topK = try body["top_k"]?.askedNumber()
        request.frequencyPenalty = try body["frequency_penalty"]?.askedNumber()
        request.presencePenalty = try body["presence_penalty"]?.askedNumber()
        request.seed = try body["seed"]?.askedNumber()
        if let stop = body["stop"] {
            let texts = if let text = stop.value.stringValue { [text] } else { try stop.strings() }
            request.stop = Asked(texts, in: stop.path)
        }
    }

    private mutating func readTools(_ body: RequestField) throws(RequestError) {
        for tool in try body["tools"]?.elements() ?? [] { request.tools.append(try Self.tool(tool)) }
        request.toolChoice = try Self.choice(body["tool_choice"])
        request.allowsParallelCalls = try body["parallel_tool_calls"]?.askedFlag()
    }

    private static func tool(_ field: RequestField) throws(RequestError) -> ModelTool {
        guard field["type"] == nil || field["type"]?.value == "function" else {
            throw field.error("must be of type function: providers of other dialects know no other tool of Chat's")
        }
        let function = try field.required("function", "{\"name\", \"description\", \"parameters\"}")
        var tool = ModelTool(try function.required("name", "a string").string(), in: field.path)
        tool.description = try function["description"]?.string()
        tool.parameters = try function["parameters"]?.requiredObject().value
        tool.isStrict = try function["strict"]?.flag()
        tool.endsCachedPrefix = field["cache_control"] != nil || function["cache_control"] != nil
        return tool
    }

    private static func choice(_ field: RequestField?) throws(RequestError) -> Asked<ToolChoice>? {
        guard let field else { return nil }
        switch (field.value.stringValue, field["type"]?.value.stringValue) {
        case ("auto", _): return Asked(.auto, in: field.path)
        case ("none", _): return Asked(.none, in: field.path)
        case ("required", _): return Asked(.required, in: field.path)
        case (nil, "function"):
            let function = try field.required("function", "{\"name\"}")
            return Asked(.named(try function.required("name", "a string").string()), in: field.path)
        case (nil, "allowed_tools"):
            let allowed = try field.required("allowed_tools", "{\"mode\", \"tools\"}")
            var names: [String] = []
            for tool in try allowed.required("tools", "an array of tools").elements() {
                names.append(try tool.required("function", "{\"name\"}").required("name", "a string").string())
            }
            return Asked(.allowed(names, isRequired: allowed["mode"]?.value == "required"), in: field.path)
        default:
            throw field.error("must be auto, none, required, or an object of type function or allowed_tools")
        }
    }

    private static func format(_ field: RequestField?) throws(RequestError) -> Asked<AnswerFormat>? {
        guard let field else { return nil }
        switch try field.required("type", "text, json_object or json_schema").string() {
        case "text": return nil
        case "json_object": return Asked(.jsonObject, in: field.path)
        case "json_schema":
            let asked = try field.required("json_schema", "{\"name\", \"schema\"}")
            let schema = try asked.required("schema", "a JSON Schema").requiredObject().value
            let (name, isStrict) = (try asked["name"]?.string(), try asked["strict"]?.flag())
            return Asked(.schema(schema, name: name, isStrict: isStrict), in: field.path)
        default: throw RequestError(field.path(of: "type"), "must be text, json_object or json_schema")
        }
    }

    private static let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

    /// `reasoning_effort`, and the forms of services beside: `reasoning` of OpenRouter and of native requests, `thinking`.
    private static func reasoning(_ body: RequestField) throws(RequestError) -> Asked<ReasoningWish>? {
        if let effort = body["reasoning_effort"] {
            let word = try effort.word(efforts)
            return Asked(word == "none" ? .off : ReasoningWish(effort: word), in: effort.path)
        }
        if let thinking = body["thinking"] {
            if thinking["type"]?.value == "disabled" { return Asked(.off, in: thinking.path) }
            let budget = try thinking["budget_tokens"]?.whole(in: 0...Int.max)
            return Asked(ReasoningWish(budget: budget), in: thinking.path)
        }
        guard let asked = try body["reasoning"]?.requiredObject() else { return nil }
        var wish = ReasoningWish()
        wish.effort = try asked["effort"]?.word(efforts)
        wish.budget = try asked["max_tokens"]?.whole(in: 0...Int.max)
        wish.isShown = try asked["exclude"]?.flag().map { !$0 }
        wish.isEnabled = try asked["enabled"]?.flag() != false && wish.effort != "none" && wish.budget != 0
        if !wish.isEnabled { (wish.effort, wish.budget) = (nil, nil) }
        return Asked(wish, in: asked.path)
    }
}
