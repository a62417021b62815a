package import FreshetGeneration
package import FreshetPartialJSON

extension ModelRequest {
    /// The request as a Chat Completions body that asks for a stream.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: JSON.
    /// - Throws: A failure that names the client's field for which Chat Completions has no place.
    func openAIChatBody(for provider: ProviderHabits) throws(RequestError) -> [UInt8] {
        if let topK { throw .noPlace(topK.field, at: "Chat Completions") }
        try checkToolNames(at: "Chat Completions", limit: 64)
        var body = JSONObject()
        body.add("model", .string(provider.model))
        var writer = ChatMessageWriter(provider.namesCompletionTokens ? .inventor : .compatible)
        try writer.write(self)
        body.add("messages", .array(writer.written))
        addTools(to: &body)
        body.add(provider.namesCompletionTokens ? "max_completion_tokens" : "max_tokens", maxTokens)
        body.add("reasoning_effort", reasoning?.value.effortOrGuess.map(JSONValue.string))
        body.add("response_format", chatFormat)
        body.add("temperature", temperature)
        body.add("top_p", topP)
        body.add("frequency_penalty", frequencyPenalty)
        body.add("presence_penalty", presencePenalty)
        body.add("seed", seed)
        body.add("stop", stop)
        if let choices, choices.value > 1 { body.add("n", choices) }
        body.add("user", user.map { .string($0.value) })
        body.add("stream", true)
        if provider.asksUsage { body.add("stream_options", ["include_usage": true]) }
        return JSONValue.object(body).bytes
    }

    private func addTools(to body: inout JSONObject) {
        guard !tools.isEmpty else { return }
        body.add("tools", .array(tools.map(Self.chatTool)))
        body.add("tool_choice", chatChoice)
        body.add("parallel_tool_calls", allowsParallelCalls.map { .bool($0.value) })
    }

    private static func chatTool(_ tool: ModelTool) -> JSONValue {
        var function = JSONObject()
        function.add("name", .string(tool.name))
        function.add("description", tool.description.map(JSONValue.string))
        function.add("parameters", tool.parameters)
        function.add("strict", tool.isStrict.map(JSONValue.bool))
        return ["type": "function", "function": .object(function)]
    }

    private static func named(_ name: String) -> JSONValue {
        ["type": "function", "function": ["name": .string(name)]]
    }

    private var chatChoice: JSONValue? {
        switch toolChoice?.value {
        case nil: nil
        case .auto: "auto"
        case .none?: "none"
        case .required: "required"
        case .named(let name): Self.named(name)
        case .allowed(let names, let isRequired):
            [
                "type": "allowed_tools",
                "allowed_tools": [
                    "mode": isRequired ? "required" : "auto", "tools": .array(names.map(Self.named)),
                ],
            ]
        }
    }

    private var chatFormat: JSONValue? {
        switch format?.value {
        case nil: return nil
        case .jsonObject: return ["type": "json_object"]
        case .schema(let schema, let name, let isStrict):
            var asked = JSONObject()
            asked.add("name", .string(name ?? "answer"))
            asked.add("schema", schema)
            asked.add("strict", isStrict.map(JSONValue.bool))
            return ["type": "json_schema", "json_schema": .object(asked)]
        }
    }

    /// The conversation as messages in Chat Completions' form, which native requests have too: for one that goes on with
    /// turns that were asked in another dialect. Everything that was signed stands in them, and they read back as they were.
    ///
    /// - Throws: A failure that names the client's field for which the form has no place, such as a video.
    package func chatMessages() throws(RequestError) -> [JSONValue] {
        var writer = ChatMessageWriter(.transcript)
        try writer.write(self)
        return writer.written
    }
}
