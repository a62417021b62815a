import FreshetGeneration
import FreshetPartialJSON

extension ModelRequest {
    /// The request as a `generateContent` body; the model and the stream are asked for in the path.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: JSON.
    /// - Throws: A failure that names the client's field for which Gemini has no place.
    func geminiBody(for provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        if let allowsParallelCalls, !allowsParallelCalls.value, !tools.isEmpty {
            throw .noPlace(
                allowsParallelCalls.field, at: "Gemini", "its models decide how many calls they make; leave it out")
        }
        var writer = GeminiContentWriter()
        try writer.write(self)
        var body = JSONObject()
        if !writer.instructions.isEmpty { body.add("systemInstruction", ["parts": .array(writer.instructions)]) }
        body.add("contents", .array(writer.written))
        if !tools.isEmpty {
            body.add("tools", [["functionDeclarations": .array(allowedTools.map(Self.geminiTool))]])
            if let choice = geminiChoice { body.add("toolConfig", ["functionCallingConfig": choice]) }
        }
        let options = geminiOptions(for: provider)
        if !options.members.isEmpty { body.add("generationConfig", .object(options)) }
        return JSONValue.object(body).bytes
    }

    private static func geminiTool(_ tool: ModelTool) -> JSONValue {
        var object = JSONObject()
        object.add("name", .string(tool.name))
        object.add("description", tool.description.map(JSONValue.string))
        object.add("parametersJsonSchema", tool.parameters)
        return .object(object)
    }

    private var geminiChoice: JSONValue? {
        switch toolChoice?.value {
        case nil: nil
        case .auto, .allowed(_, isRequired: false): ["mode": "AUTO"]
        case .none?: ["mode": "NONE"]
        case .required: ["mode": "ANY"]
        case .named(let name): ["mode": "ANY", "allowedFunctionNames": [.string(name)]]
        case .allowed(let names, isRequired: true):
            ["mode": "ANY", "allowedFunctionNames": .array(names.map(JSONValue.string))]
        }
    }

    private func geminiOptions(for provider: ProviderHabits) -> JSONObject {
        var options = JSONObject()
        options.add("maxOutputTokens", maxTokens)
        options.add("temperature", temperature)
        options.add("topP", topP)
        options.add("topK", topK)
        options.add("stopSequences", stop)
        options.add("seed", seed)
        options.add("presencePenalty", presencePenalty)
        options.add("frequencyPenalty", frequencyPenalty)
        if let choices, choices.value > 1 { options.add("candidateCount", choices) }
        switch format?.value {
        case nil: break
        case .jsonObject: options.add("responseMimeType", "application/json")
        case .schema(let schema, _, _):
            options.add("responseMimeType", "application/json")
            options.add("responseJsonSchema", schema)
        }
        options.add("thinkingConfig", reasoning.map { $0.value.geminiThinking(model: provider.model) })
        return options
    }
}

extension ReasoningWish {
    /// Models of the second generation know budgets only, later ones levels too.
    fileprivate func geminiThinking(model: String) -> JSONValue {
        guard isEnabled else { return ["thinkingBudget": 0] }
        var thinking = JSONObject()
        if budget == nil, let effort, !model.contains("gemini-2") {
            let isMost = effort == "xhigh" || effort == "max"
            thinking.add("thinkingLevel", .string(isMost ? "HIGH" : effort.uppercased()))
        } else {
            thinking.add("thinkingBudget", .number(JSONNumber(budgetOrGuess ?? -1)))
        }
        thinking.add("includeThoughts", .bool(isShown ?? true))
        return .object(thinking)
    }
}
