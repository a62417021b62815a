import FreshetPartialJSON

extension SimulatorRequest {
    /// Reads the body of a Messages request.
    ///
    /// - Parameters:
    ///   - body: All of it.
    ///   - isCount: Whether only its tokens are asked for: then it needs no `max_tokens`.
    /// - Throws: The first field that is wrong, as Anthropic would say it.
    /// - Complexity: O(bytes).
    package init(parsingMessages body: [UInt8], isCount: Bool = false) throws(SimulatorRefusal) {
        let fields = try Self.object(of: body)
        guard let name = fields["model"]?.stringValue, !name.isEmpty else {
            throw .badField("model", "model: Field required")
        }
        try self.init(modelNamed: name)
        maxTokens = try fields.integer("max_tokens", in: 1...Int.max)
        guard isCount || maxTokens != nil else { throw .badField("max_tokens", "max_tokens: Field required") }
        promptWords = Self.words(in: Self.text(of: fields["system"]))
        try readTurns(fields["messages"])
        promptWords = max(1, promptWords)
        isStreamed = try fields.bool("stream") ?? false
        try readTools(messages: fields["tools"])
        try readToolChoice(messages: fields["tool_choice"])
        try readFormat(messages: fields["output_config"]?["format"] ?? fields["output_format"])
    }

    private mutating func readTurns(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let messages = value?.arrayValue, !messages.isEmpty else {
            throw .badField("messages", "messages: at least one message is required")
        }
        for (index, message) in messages.enumerated() {
            guard let role = message["role"]?.stringValue, ["user", "assistant", "system"].contains(role) else {
                throw .badField("messages", "messages.\(index).role: Input should be 'user' or 'assistant'")
            }
            guard let content = message["content"], content.stringValue != nil || content.arrayValue != nil else {
                throw .badField("messages", "messages.\(index).content: Field required")
            }
            let results = (content.arrayValue ?? []).filter { $0["type"]?.stringValue == "tool_result" }
            let text = Self.text(of: content)
            promptWords += Self.words(in: text)
            for result in results { promptWords += Self.words(in: Self.text(of: result["content"])) }
            if role == "user", results.isEmpty || !text.isEmpty { userText = text }
            endsWithToolResult = role == "user" && !results.isEmpty
        }
    }

    private mutating func readTools(messages value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        guard let list = value.arrayValue else { throw .badField("tools", "tools: Input should be a valid list") }
        for (index, tool) in list.enumerated() {
            // Those that the provider runs itself have a type of their own; the simulator runs none.
            guard tool["type"]?.stringValue ?? "custom" == "custom" else { continue }
            guard let name = tool["name"]?.stringValue, !name.isEmpty else {
                throw .badField("tools", "tools.\(index).name: Field required")
            }
            guard let schema = tool["input_schema"], schema.objectValue != nil else {
                throw .badField("tools", "tools.\(index).input_schema: Field required")
            }
            tools.append(Tool(name: name, parameters: schema))
        }
    }

    private mutating func readToolChoice(messages value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        allowsParallelCalls = value["disable_parallel_tool_use"]?.boolValue != true
        switch value["type"]?.stringValue {
        case "auto": toolChoice = .automatic
        case "none": toolChoice = .none
        case "any" where !tools.isEmpty: toolChoice = .required
        case "tool":
            guard let name = value["name"]?.stringValue, tools.contains(where: { $0.name == name }) else {
                throw .badField("tool_choice", "tool_choice.name: there is no such tool in `tools`")
            }
            toolChoice = .named(name)
        default:
            throw .badField("tool_choice", "tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
        }
    }

    private mutating func readFormat(messages value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        guard value["type"]?.stringValue == "json_schema", let schema = value["schema"], schema.objectValue != nil
        else { throw .badField("output_config", "output_config.format: Input should be a 'json_schema' with a schema") }
        format = .json(schema: schema)
    }
}
