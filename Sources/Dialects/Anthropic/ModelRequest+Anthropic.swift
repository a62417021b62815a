import FreshetGeneration
import FreshetPartialJSON

extension ModelRequest {
    /// The request as a Messages body that asks for a stream.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: JSON.
    /// - Throws: A failure that names the client's field for which Messages has no place.
    func anthropicBody(for provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        try refusePenalties(at: "Anthropic's Messages")
        try checkToolNames(at: "Anthropic's Messages", limit: 128)
        if let choices, choices.value > 1 { throw .noPlace(choices.field, at: "Anthropic's Messages", "ask for one") }
        var writer = AnthropicMessageWriter()
        try writer.write(self)
        let messages = writer.written
        let thinking = try AnthropicThinking(
            self, isLoopWithoutThinking: AnthropicThinking.isLoopWithoutThinking(messages))
        try thinking.checkSampling(of: self)
        var body = JSONObject()
        body.add("model", .string(provider.model))
        body.add("max_tokens", .number(JSONNumber(thinking.maxTokens)))
        if !writer.system.isEmpty { body.add("system", .array(writer.system)) }
        body.add("messages", .array(messages))
        if !tools.isEmpty {
            body.add("tools", .array(allowedTools.map(Self.anthropicTool)))
            body.add("tool_choice", anthropicChoice)
        }
        body.add("thinking", thinking.member)
        body.add("output_config", try anthropicOutput())
        body.add("temperature", try anthropicTemperature())
        body.add("top_p", topP)
        body.add("top_k", topK.map { $0.value.int.map { .number(JSONNumber($0)) } ?? .number($0.value) })
        body.add("stop_sequences", stop)
        if let user { body.add("metadata", ["user_id": .string(user.value)]) }
        body.add("stream", true)
        return JSONValue.object(body).bytes
    }

    private static func anthropicTool(_ tool: ModelTool) -> JSONValue {
        var object = JSONObject()
        object.add("name", .string(tool.name))
        object.add("description", tool.description.map(JSONValue.string))
        var schema = tool.parameters?.objectValue ?? JSONObject()
        // Required, where JSON Schema lets it be left out.
        if schema["type"] == nil { schema.members.insert(.init(name: "type", value: "object"), at: 0) }
        object.add("input_schema", .object(schema))
        object.add("strict", tool.isStrict.map(JSONValue.bool))
        if tool.endsCachedPrefix { object.add("cache_control", ["type": "ephemeral"]) }
        return .object(object)
    }

    /// What is chosen, and whether one call at a time is asked for.
    private var anthropicChoice: JSONValue? {
        var object = JSONObject()
        switch toolChoice?.value {
        case nil: if allowsParallelCalls?.value != false { return nil } else { object.add("type", "auto") }
        case .auto, .allowed(_, isRequired: false): object.add("type", "auto")
        case .none?: return ["type": "none"]
        case .required, .allowed(_, isRequired: true): object.add("type", "any")
        case .named(let name):
            object.add("type", "tool")
            object.add("name", .string(name))
        }
        if allowsParallelCalls?.value == false { object.add("disable_parallel_tool_use", true) }
        return .object(object)
    }

    private func anthropicOutput() throws(RequestError) -> JSONValue? {
        switch format?.value {
        case nil: return nil
        case .jsonObject:
            throw .noPlace(format?.field ?? "", at: "Anthropic's Messages", "give a JSON Schema")
        case .schema(let schema, _, _): return ["format": ["type": "json_schema", "schema": schema]]
        }
    }

    private func anthropicTemperature() throws(RequestError) -> JSONValue? {
        guard let temperature else { return nil }
        guard let value = temperature.value.double, (0...1).contains(value) else {
            throw RequestError(temperature.field, "must be from 0 to 1 for a provider that speaks Anthropic's Messages")
        }
        return .number(temperature.value)
    }
}

/// How a Messages request asks for thinking, and how long its answer may be.
struct AnthropicThinking {
    /// Nil where nothing is said of it.
    private(set) var member: JSONValue?
    /// Of the answer, thinking included.
    private(set) var maxTokens: Int
    private var isOn: Bool { member?["type"] == "enabled" }

    /// The least budget, and what an answer may take where the client sets no limit.
    static let (leastBudget, usualTokens, answerTokens) = (1024, 8192, 4096)

    /// - Parameters:
    ///   - request: What is asked.
    ///   - isLoopWithoutThinking: Whether a tool's result is the last word and the call before it stands behind no thinking
    ///     of Anthropic's: then its models refuse to think.
    /// - Throws: For a limit that leaves no room to think.
    init(_ request: ModelRequest, isLoopWithoutThinking: Bool) throws(RequestError) {
        maxTokens = request.maxTokens?.value ?? Self.usualTokens
        guard let wish = request.reasoning?.value else { return }
        guard wish.isEnabled else {
            member = ["type": "disabled"]
            return
        }
        guard !isLoopWithoutThinking else { return }
        var budget = max(wish.budgetOrGuess ?? Self.usualTokens, Self.leastBudget)
        if let limit = request.maxTokens {
            guard limit.value > Self.leastBudget else {
                if wish.budget == nil { return }
                throw RequestError(
                    limit.field, "must be above \(Self.leastBudget), the least that Anthropic's models think with")
            }
            // A budget that nobody named leaves half for the answer.
            let most = wish.budget == nil ? max(limit.value / 2, Self.leastBudget) : limit.value - 1
            budget = min(budget, most)
        } else {
            let (sum, isTooMuch) = budget.addingReportingOverflow(Self.answerTokens)
            if isTooMuch { throw RequestError(request.reasoning?.field, "asks for more tokens than there are") }
            maxTokens = max(Self.usualTokens, sum)
        }
        var thinking = JSONObject()
        thinking.add("type", "enabled")
        thinking.add("budget_tokens", .number(JSONNumber(budget)))
        if wish.isShown == false { thinking.add("display", "omitted") }
        member = .object(thinking)
    }

    /// Whether a tool's result is the last word, and the answer before it begins with no thinking that Anthropic signed.
    /// Neighbours of one role are one turn.
    static func isLoopWithoutThinking(_ messages: [JSONValue]) -> Bool {
        guard let last = messages.lastIndex(where: { $0["role"] == "assistant" }),
            messages[(last + 1)...].contains(where: { message in
                message["content"]?.arrayValue?.contains { $0["type"] == "tool_result" } == true
            })
        else { return false }
        let first = messages[...last].lastIndex { $0["role"] != "assistant" }.map { $0 + 1 } ?? 0
        let kind = messages[first]["content"]?[0]?["type"]
        return kind != "thinking" && kind != "redacted_thinking"
    }

    /// Models that think take no sampling of the client's and no forced call.
    func checkSampling(of request: ModelRequest) throws(RequestError) {
        guard isOn, let reasoning = request.reasoning?.field else { return }
        let advice = "while an Anthropic model thinks: leave it or `\(reasoning)` out"
        if let temperature = request.temperature, temperature.value.double != 1 {
            throw RequestError(temperature.field, "must be 1 \(advice)")
        }
        if let topK = request.topK { throw RequestError(topK.field, "has no place \(advice)") }
        if let topP = request.topP, (topP.value.double ?? 0) < 0.95 {
            throw RequestError(topP.field, "must be from 0.95 \(advice)")
        }
        switch request.toolChoice?.value {
        case .required, .named, .allowed(_, isRequired: true):
            throw RequestError(request.toolChoice?.field, "cannot force a call \(advice)")
        case nil, .auto, .some(.none), .allowed(_, isRequired: false): return
        }
    }
}
