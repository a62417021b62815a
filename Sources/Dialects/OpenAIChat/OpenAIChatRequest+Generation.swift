public import FreshetGeneration
import FreshetPartialJSON

extension GenerationRequest {
    /// The request as a Chat Completions body that asks for a stream with usage.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: The body's bytes.
    public func openAIChatBody(for provider: ProviderHabits) -> [UInt8] {
        var members: [JSONObject.Member] = [.init(name: "model", value: .string(provider.model))]
        var turns = messages.map { message in
            provider.namesCompletionTokens ? Self.plain(message) : Self.unmarked(message)
        }
        if let system { turns.insert(["role": "system", "content": .string(system)], at: 0) }
        members.append(.init(name: "messages", value: .array(turns)))
        for option in options.members {
            switch option.name {
            case "max_tokens" where provider.namesCompletionTokens:
                members.append(.init(name: "max_completion_tokens", value: option.value))
            case "reasoning":
                let budget = option.value["max_tokens"]?.intValue
                let wish = ReasoningWish(effort: option.value["effort"]?.stringValue, budget: budget)
                if let effort = wish.effortOrGuess {
                    members.append(.init(name: "reasoning_effort", value: .string(effort)))
                }
            case "metadata": break  // the client's own notes; nothing of ours travels unasked
            default: members.append(option)
            }
        }
        members.append(.init(name: "stream", value: true))
        if provider.asksUsage { members.append(.init(name: "stream_options", value: ["include_usage": true])) }
        return JSONValue.object(JSONObject(members)).bytes
    }

    /// A message without what other vendors signed: the dialect's inventor refuses members that it does not know.
    static func plain(_ message: JSONValue) -> JSONValue {
        guard var object = message.objectValue, message["role"]?.stringValue == "assistant" else {
            return unmarked(message)
        }
        object.members.removeAll { ["reasoning_details", "reasoning_content"].contains($0.name) }
        if let place = object.members.firstIndex(where: { $0.name == "tool_calls" }),
            let calls = object.members[place].value.arrayValue
        {
            object.members[place].value = .array(
                calls.map { call in
                    guard var members = call.objectValue?.members else { return call }
                    members.removeAll { $0.name == "extra_content" }
                    return .object(JSONObject(members))
                })
        }
        return .object(object)
    }

    /// A tool's message without the mark of an error: Chat has no word for it, our own transcripts do.
    private static func unmarked(_ message: JSONValue) -> JSONValue {
        guard message["is_error"] != nil, var object = message.objectValue else { return message }
        object["is_error"] = nil
        return .object(object)
    }
}
