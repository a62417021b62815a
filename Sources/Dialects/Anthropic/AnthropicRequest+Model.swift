public import FreshetGeneration
import FreshetPartialJSON

extension AnthropicRequest {
    /// The conversation and all options in no dialect's words.
    public func modelRequest() throws(RequestError) -> ModelRequest {
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        let body = RequestField(value, at: "")
        try Self.checkThread(body)
        try RequestMembers.anthropic.check(body)
        var reader = AnthropicRequestReader()
        try reader.read(body)
        return reader.request
    }

    /// What a thread went on from is at Anthropic, and the request holds only what is new: its client is told in the words
    /// upon which it sends the whole conversation.
    private static func checkThread(_ body: RequestField) throws(RequestError) {
        guard let thread = body["thread"], thread["type"]?.value == "continue" else { return }
        throw RequestError(
            AnthropicFailure.threadPlace,
            "names an answer that no provider of another dialect has kept: send the whole conversation")
    }
}

/// Reads a Messages body.
private struct AnthropicRequestReader {
    var request = ModelRequest()

    mutating func read(_ body: RequestField) throws(RequestError) {
        if let system = body["system"] { request.system = try AnthropicMessageReader.parts(system) }
        var conversation = AnthropicMessageReader()
        try conversation.read(try body.required("messages", "an array of {\"role\", \"content\"} objects"))
        request.turns = conversation.turns
        try readTools(body)
        request.maxTokens = try body["max_tokens"]?.askedWhole(from: 1)
        request.temperature = try body["temperature"]?.askedNumber()
        request.topP = try body["top_p"]?.askedNumber()
        request.topK = try body["top_k"]?.askedNumber()
        if let stop = body["stop_sequences"] { request.stop = Asked(try stop.strings(), in: stop.path) }
        try readOutput(body)
        request.user = try body["metadata"]?.requiredObject()["user_id"]?.askedString()
    }

    private mutating func readTools(_ body: RequestField) throws(RequestError) {
        for tool in try body["tools"]?.elements() ?? [] { request.tools.append(try Self.tool(tool)) }
        guard let choice = try body["tool_choice"]?.requiredObject() else { return }
        let kind = try choice.required("type", "auto, any, tool or none")
        switch try kind.string() {
        case "auto": request.toolChoice = Asked(.auto, in: choice.path)
        case "any": request.toolChoice = Asked(.required, in: choice.path)
        case "none": request.toolChoice = Asked(.none, in: choice.path)
        case "tool":
            request.toolChoice = Asked(.named(try choice.required("name", "a string").string()), in: choice.path)
        default: throw kind.error("must be auto, any, tool or none")
        }
        request.allowsParallelCalls = try choice["disable_parallel_tool_use"]?.askedFlag()
            .map { Asked(!$0.value, in: $0.field) }
    }

    private static func tool(_ field: RequestField) throws(RequestError) -> ModelTool {
        if let kind = field["type"], kind.value != "custom" {
            throw kind.error(
                "names a tool of Anthropic's own, which no other provider has: leave it out, or ask one of its models")
        }
        var tool = ModelTool(try field.required("name", "a string").string(), in: field.path)
        tool.description = try field["description"]?.string()
        tool.parameters = try field.required("input_schema", "a JSON Schema").requiredObject().value
        tool.isStrict = try field["strict"]?.flag()
        tool.endsCachedPrefix = field["cache_control"] != nil
        return tool
    }

    private mutating func readOutput(_ body: RequestField) throws(RequestError) {
        let output = try body["output_config"]?.requiredObject()
        if let output { try RequestMembers.anthropicOutput.check(output) }
        if let format = output?["format"] ?? body["output_format"] {
            guard format["type"]?.value == "json_schema" else {
                throw RequestError(format.path(of: "type"), "must be json_schema")
            }
            let schema = try format.required("schema", "a JSON Schema").requiredObject().value
            request.format = Asked(.schema(schema, name: nil, isStrict: nil), in: format.path)
        }
        let effort = output?["effort"]
        let word = try effort?.word(["low", "medium", "high", "xhigh", "max"])
        if let thinking = try body["thinking"]?.requiredObject() {
            request.reasoning = Asked(try Self.wish(thinking, effort: word), in: thinking.path)
        } else {
            request.reasoning = effort.map { Asked(ReasoningWish(effort: word), in: $0.path) }
        }
    }

    private static func wish(_ thinking: RequestField, effort: String?) throws(RequestError) -> ReasoningWish {
        let kind = try thinking.required("type", "enabled, adaptive or disabled")
        var wish = ReasoningWish(effort: effort)
        wish.isShown = thinking["display"]?.value == "omitted" ? false : nil
        switch try kind.string() {
        case "disabled": return .off
        case "adaptive", "between_tools": return wish
        case "enabled":
            wish.budget = try thinking.required("budget_tokens", "a whole number").whole(in: 0...Int.max)
            return wish
        default: throw kind.error("must be enabled, adaptive, between_tools or disabled")
        }
    }
}
