import FreshetPartialJSON

extension SimulatorRequest {
    /// Reads a request's body.
    ///
    /// - Parameter body: All of it.
    /// - Throws: The first field that is wrong, as OpenAI would say it.
    /// - Complexity: O(bytes).
    package init(parsing body: [UInt8]) throws(SimulatorRefusal) {
        let fields = try Self.object(of: body)
        guard let name = fields["model"]?.stringValue, !name.isEmpty else {
            throw .badField("model", "you must provide a model parameter")
        }
        try self.init(modelNamed: name)
        try readMessages(fields["messages"])
        isStreamed = try fields.bool("stream") ?? false
        try readStreamOptions(fields["stream_options"])
        choices = try fields.integer("n", in: 1...8) ?? 1
        maxTokens = try fields.integer("max_completion_tokens", in: 1...Int.max)
        if maxTokens == nil { maxTokens = try fields.integer("max_tokens", in: 1...Int.max) }
        seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
        allowsParallelCalls = try fields.bool("parallel_tool_calls") ?? true
        try readTools(fields["tools"])
        try readToolChoice(fields["tool_choice"])
        try readFormat(fields["response_format"])
    }

    /// Nothing but a model.
    init(modelNamed name: String) throws(SimulatorRefusal) {
        do { model = try SimulatedModel(parsing: name) } catch { throw SimulatorRefusal(unknown: error) }
    }

    /// Only the model's name; for a server that replays a recording whatever is asked.
    ///
    /// - Parameters:
    ///   - body: All of it.
    ///   - endpoint: May have the model in its path.
    /// - Returns: `nil` when neither names a model of the simulator.
    package static func model(in body: [UInt8], at endpoint: SimulatorEndpoint) -> SimulatedModel? {
        if case .gemini(let name, _) = endpoint { return try? SimulatedModel(parsing: name) }
        guard let name = (try? object(of: body))?["model"]?.stringValue else { return nil }
        return try? SimulatedModel(parsing: name)
    }

    static func object(of body: [UInt8]) throws(SimulatorRefusal) -> JSONObject {
        do {
            if let object = try JSONValue(parsing: body).objectValue { return object }
        } catch {
            throw .badField(nil, "We could not parse the JSON body of your request. (\(error))")
        }
        throw .badField(nil, "The body of your request must be a JSON object.")
    }

    private mutating func readMessages(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let messages = value?.arrayValue, !messages.isEmpty else {
            throw .badField("messages", "'messages' must be a list of at least one message")
        }
        var words = 0
        for (index, message) in messages.enumerated() {
            guard let role = message["role"]?.stringValue else {
                throw .badField("messages[\(index)].role", "'messages[\(index)].role' must be a string")
            }
            let text = Self.text(of: message["content"])
            words += Self.words(in: text)
            if role == "user" { userText = text }
            endsWithToolResult = role == "tool" || role == "function"
        }
        promptWords = max(1, words)
    }

    /// A string, or the text of its parts.
    static func text(of content: JSONValue?) -> String {
        if let text = content?.stringValue { return text }
        return (content?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }.joined(separator: "\n")
    }

    /// They stand for tokens.
    static func words(in text: String) -> Int { text.split { $0 == " " || $0.isNewline }.count }

    private mutating func readStreamOptions(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        guard let options = value.objectValue else {
            throw .badField("stream_options", "'stream_options' must be an object")
        }
        guard isStreamed else {
            throw .badField(
                "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        }
        includesUsage = try options.bool("include_usage", in: "stream_options") ?? false
    }

    private mutating func readTools(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        guard let list = value.arrayValue else { throw .badField("tools", "'tools' must be a list") }
        for (index, tool) in list.enumerated() {
            guard tool["type"]?.stringValue == "function", let name = tool["function"]?["name"]?.stringValue,
                !name.isEmpty
            else {
                let field = "tools[\(index)].function.name"
                throw .badField(field, "'\(field)' must be a string, and 'tools[\(index)].type' 'function'")
            }
            tools.append(Tool(name: name, parameters: tool["function"]?["parameters"]))
        }
    }

    private mutating func readToolChoice(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        if let name = value["function"]?["name"]?.stringValue {
            guard tools.contains(where: { $0.name == name }) else {
                throw .badField("tool_choice", "'tool_choice' names '\(name)', which is not in 'tools'")
            }
            toolChoice = .named(name)
            return
        }
        switch value.stringValue {
        case "auto": toolChoice = .automatic
        case "none": toolChoice = .none
        case "required" where !tools.isEmpty: toolChoice = .required
        default:
            throw .badField(
                "tool_choice", "'tool_choice' must be 'auto', 'none', 'required' with 'tools', or name a function")
        }
    }

    private mutating func readFormat(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        switch value["type"]?.stringValue {
        case "text": format = .text
        case "json_object": format = .json(schema: nil)
        case "json_schema":
            guard let schema = value["json_schema"]?["schema"], schema.objectValue != nil else {
                throw .badField(
                    "response_format.json_schema.schema", "'response_format.json_schema.schema' must be an object")
            }
            format = .json(schema: schema)
        default:
            throw .badField(
                "response_format.type", "'response_format.type' must be 'text', 'json_object' or 'json_schema'")
        }
    }
}

extension JSONObject {
    func bool(_ name: String, in parent: String? = nil) throws(SimulatorRefusal) -> Bool? {
        guard let value = self[name], !value.isNull else { return nil }
        if let bool = value.boolValue { return bool }
        let field = parent.map { "\($0).\(name)" } ?? name
        throw .badField(field, "'\(field)' must be true or false")
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(SimulatorRefusal) -> Int? {
        guard let value = self[name], !value.isNull else { return nil }
        if let number = value.intValue, range.contains(number) { return number }
        let limit = range.upperBound == .max ? "" : " to \(range.upperBound)"
        let what = range.lowerBound == .min ? "an integer" : "an integer from \(range.lowerBound)\(limit)"
        throw .badField(name, "'\(name)' must be \(what)")
    }
}
