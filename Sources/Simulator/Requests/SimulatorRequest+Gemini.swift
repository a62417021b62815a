import FreshetPartialJSON

extension SimulatorRequest {
    /// Reads the body of a `generateContent` or `countTokens` request.
    ///
    /// - Parameters:
    ///   - body: All of it.
    ///   - name: The model, from the path.
    ///   - isStreamed: Whether the path asks for a stream.
    /// - Throws: The first field that is wrong, as Google would say it.
    /// - Complexity: O(bytes).
    package init(
        parsingGemini body: [UInt8], model name: String, isStreamed: Bool
    ) throws(SimulatorRefusal) {
        let fields = try Self.object(of: body)
        try self.init(modelNamed: name)
        self.isStreamed = isStreamed
        // A count may hold the request it counts for.
        let request = fields[google: "generateContentRequest"]?.objectValue ?? fields
        let instruction = request[google: "systemInstruction"]
        promptWords = Self.words(in: Self.text(of: instruction?["parts"]))
        try readContents(request["contents"])
        promptWords = max(1, promptWords)
        try readGeneration(request[google: "generationConfig"])
        try readTools(gemini: request["tools"])
        try readToolConfig(request[google: "toolConfig"]?[google: "functionCallingConfig"])
    }

    private mutating func readContents(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let contents = value?.arrayValue, !contents.isEmpty else {
            throw .badField("contents", "* GenerateContentRequest.contents: contents is not specified")
        }
        for (index, content) in contents.enumerated() {
            let role = content["role"]?.stringValue ?? "user"
            guard ["user", "model", "function"].contains(role) else {
                throw .badField("contents", "Please use a valid role: user, model.")
            }
            guard let parts = content["parts"]?.arrayValue, !parts.isEmpty else {
                let field = "GenerateContentRequest.contents[\(index)].parts"
                throw .badField("contents", "* \(field): contents.parts must not be empty.")
            }
            let text = Self.text(of: content["parts"])
            let hasResult = parts.contains { $0[google: "functionResponse"] != nil }
            promptWords += Self.words(in: text)
            if role == "user", !hasResult || !text.isEmpty { userText = text }
            endsWithToolResult = role != "model" && hasResult
        }
    }

    private mutating func readGeneration(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        guard let fields = value.objectValue else {
            throw .badField("generationConfig", "Invalid value at 'generation_config'")
        }
        choices = try fields.integer(fields.spelled("candidateCount"), in: 1...8) ?? 1
        maxTokens = try fields.integer(fields.spelled("maxOutputTokens"), in: 1...Int.max)
        seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
        if let schema = fields[google: "responseJsonSchema"], schema.objectValue != nil {
            format = .json(schema: schema)
        } else if let schema = fields[google: "responseSchema"], schema.objectValue != nil {
            format = .json(schema: schema.withLowercaseTypes)
        } else if fields[google: "responseMimeType"]?.stringValue == "application/json" {
            format = .json(schema: nil)
        }
    }

    private mutating func readTools(gemini value: JSONValue?) throws(SimulatorRefusal) {
        for tool in value?.arrayValue ?? [] {
            // Those that the provider runs itself are members of other names; the simulator runs none.
            for declaration in tool[google: "functionDeclarations"]?.arrayValue ?? [] {
                guard let name = declaration["name"]?.stringValue, !name.isEmpty else {
                    throw .badField("tools", "* GenerateContentRequest.tools: a function declaration needs a name")
                }
                let schema =
                    declaration[google: "parametersJsonSchema"] ?? declaration["parameters"]?.withLowercaseTypes
                tools.append(Tool(name: name, parameters: schema))
            }
        }
    }

    private mutating func readToolConfig(_ value: JSONValue?) throws(SimulatorRefusal) {
        guard let value, !value.isNull else { return }
        switch value["mode"]?.stringValue {
        case nil, "AUTO", "VALIDATED", "MODE_UNSPECIFIED": toolChoice = .automatic
        case "NONE": toolChoice = .none
        case "ANY" where !tools.isEmpty:
            let allowed = (value[google: "allowedFunctionNames"]?.arrayValue ?? []).compactMap(\.stringValue)
            if !allowed.isEmpty { tools = tools.filter { allowed.contains($0.name) } }
            guard !tools.isEmpty else {
                throw .badField("toolConfig", "allowed_function_names: there is no such function in `tools`")
            }
            toolChoice = .required
        default: throw .badField("toolConfig", "Invalid value at 'tool_config.function_calling_config.mode'")
        }
    }
}

extension JSONObject {
    /// A member's name as it is given: in camelCase or, as Google's servers take it too, in snake_case.
    fileprivate func spelled(_ name: String) -> String {
        if self[name] != nil { return name }
        return name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    fileprivate subscript(google name: String) -> JSONValue? { self[spelled(name)] }
}

extension JSONValue {
    fileprivate subscript(google name: String) -> JSONValue? { objectValue?[google: name] }

    /// Gemini's schemas are JSON Schema with its types in capitals.
    fileprivate var withLowercaseTypes: JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map(\.withLowercaseTypes))
        case .object(let object):
            let members = object.members.map { member -> JSONObject.Member in
                guard member.name == "type", let type = member.value.stringValue else {
                    return .init(name: member.name, value: member.value.withLowercaseTypes)
                }
                return .init(name: member.name, value: .string(type.lowercased()))
            }
            return .object(JSONObject(members))
        case .null, .bool, .number, .string: return self
        }
    }
}
