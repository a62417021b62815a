public import FreshetGeneration
import FreshetPartialJSON

extension GeminiRequest {
    /// The conversation and all options in no dialect's words.
    public func modelRequest() throws(RequestError) -> ModelRequest {
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        let body = RequestField(value, at: "", isProtobuf: true)
        try RequestMembers.gemini.check(body)
        var reader = GeminiRequestReader()
        try reader.read(body)
        return reader.request
    }
}

/// Reads a `generateContent` body.
private struct GeminiRequestReader {
    var request = ModelRequest()

    mutating func read(_ body: RequestField) throws(RequestError) {
        if let system = body["systemInstruction"] { request.system = try GeminiContentReader.instructions(system) }
        var conversation = GeminiContentReader()
        try conversation.read(try body.required("contents", "an array of {\"role\", \"parts\"} objects"))
        request.turns = conversation.turns
        for tool in try body["tools"]?.elements() ?? [] { try read(tool: tool) }
        try readChoice(body["toolConfig"])
        if let options = body["generationConfig"] { try read(options: options) }
        for setting in try body["safetySettings"]?.elements() ?? [] { try Self.check(setting: setting) }
    }

    /// Settings that only switch filters off are met by providers that have none.
    private static func check(setting: RequestField) throws(RequestError) {
        guard let threshold = setting["threshold"] else { return }
        switch threshold.value.stringValue {
        case "OFF", "BLOCK_NONE", "HARM_BLOCK_THRESHOLD_UNSPECIFIED": return
        default:
            throw threshold.error(
                "has no place at a provider of another dialect: only OFF and BLOCK_NONE hold there; leave it out, or ask "
                    + "a model whose provider speaks Gemini")
        }
    }

    // MARK: Options

    private mutating func read(options: RequestField) throws(RequestError) {
        try RequestMembers.geminiGeneration.check(options)
        request.maxTokens = try options["maxOutputTokens"]?.askedWhole(from: 1)
        request.temperature = try options["temperature"]?.askedNumber()
        request.topP = try options["topP"]?.askedNumber()
        request.topK = try options["topK"]?.askedNumber()
        request.presencePenalty = try options["presencePenalty"]?.askedNumber()
        request.frequencyPenalty = try options["frequencyPenalty"]?.askedNumber()
        request.seed = try options["seed"]?.askedNumber()
        request.choices = try options["candidateCount"]?.askedWhole(from: 1)
        if let stop = options["stopSequences"] { request.stop = Asked(try stop.strings(), in: stop.path) }
        request.format = try Self.format(options)
        request.reasoning = try Self.reasoning(options["thinkingConfig"])
    }

    private static func format(_ options: RequestField) throws(RequestError) -> Asked<AnswerFormat>? {
        let type = options["responseMimeType"]
        if let type, type.value != "application/json" {
            guard type.value == "text/plain" else {
                throw type.error(
                    "has no place at a provider of another dialect: it can be text/plain or application/json")
            }
            return nil
        }
        if let schema = options["responseJsonSchema"] {
            let value = try schema.requiredObject().value
            return Asked(.schema(value, name: nil, isStrict: nil), in: schema.path)
        }
        if let schema = options["responseSchema"] {
            let value = try schema.requiredObject().value.jsonSchema
            return Asked(.schema(value, name: nil, isStrict: nil), in: schema.path)
        }
        return type.map { Asked(.jsonObject, in: $0.path) }
    }

    private static func reasoning(_ thinking: RequestField?) throws(RequestError) -> Asked<ReasoningWish>? {
        guard let thinking = try thinking?.requiredObject() else { return nil }
        let isShown = try thinking["includeThoughts"]?.flag()
        let budget = try thinking["thinkingBudget"]?.whole(in: -1...Int.max)
        let level = try thinking["thinkingLevel"].map(Self.level)
        if budget == 0 { return Asked(.off, in: thinking.path) }
        guard isShown == true || budget != nil || level != nil else { return nil }
        var wish = ReasoningWish()
        wish.isShown = isShown
        // -1 leaves it to the model.
        wish.budget = budget == -1 ? nil : budget
        wish.effort = level == "thinking_level_unspecified" ? nil : level
        return Asked(wish, in: thinking.path)
    }

    /// In small letters; Google's client takes either.
    private static func level(_ field: RequestField) throws(RequestError) -> String {
        if field.value.stringValue?.lowercased() == "thinking_level_unspecified" { return "thinking_level_unspecified" }
        let capitals = RequestField(.string(try field.string().uppercased()), at: field.path)
        return try capitals.word(["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]).lowercased()
    }

    // MARK: Tools

    private mutating func read(tool: RequestField) throws(RequestError) {
        try RequestMembers.geminiTool.check(tool)
        for function in try tool["functionDeclarations"]?.elements() ?? [] {
            request.tools.append(try Self.tool(function))
        }
    }

    private static func tool(_ field: RequestField) throws(RequestError) -> ModelTool {
        if let behavior = field["behavior"], behavior.value == "NON_BLOCKING" {
            throw behavior.error("has no place at a provider of another dialect: it can be BLOCKING")
        }
        var tool = ModelTool(try field.required("name", "a string").string(), in: field.path)
        tool.description = try field["description"]?.string()
        if let schema = field["parametersJsonSchema"] {
            tool.parameters = try schema.requiredObject().value
        } else {
            tool.parameters = try field["parameters"]?.requiredObject().value.jsonSchema
        }
        return tool
    }

    private mutating func readChoice(_ configuration: RequestField?) throws(RequestError) {
        guard let configuration else { return }
        try RequestMembers.geminiToolConfig.check(configuration)
        guard let calling = configuration["functionCallingConfig"] else { return }
        let names = try calling["allowedFunctionNames"]?.strings() ?? []
        let mode = calling["mode"]
        let choice: ToolChoice
        switch mode?.value.stringValue {
        case nil, "MODE_UNSPECIFIED", "AUTO": choice = .auto
        case "NONE": choice = .none
        case "ANY":
            choice = names.isEmpty ? .required : names.count == 1 ? .named(names[0]) : .allowed(names, isRequired: true)
        case "VALIDATED": choice = names.isEmpty ? .auto : .allowed(names, isRequired: false)
        default: throw (mode ?? calling).error("must be AUTO, ANY, NONE or VALIDATED")
        }
        request.toolChoice = Asked(choice, in: calling.path)
    }
}
