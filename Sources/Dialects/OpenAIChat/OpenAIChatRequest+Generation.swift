public import FreshetGeneration
import FreshetPartialJSON

extension GenerationRequest {
    /// The request as a Chat Completions body that asks for a stream with usage.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: The body's bytes.
    public func openAIChatBody(for provider: ProviderHabits) -> [UInt8] {
        var members: [JSONObject.Member] = [.init(name: "model", value: .string(provider.model))]
        var turns = provider.namesCompletionTokens ? messages.map(Self.plain) : messages
        if let system { turns.insert(["role": "system", "content": .string(system)], at: 0) }
        members.append(.init(name: "messages", value: .array(turns)))
        for option in options.members {
            switch option.name {
            case "max_tokens" where provider.namesCompletionTokens:
                members.append(.init(name: "max_completion_tokens", value: option.value))
            case "reasoning":
                if let effort = option.value["effort"] {
                    members.append(.init(name: "reasoning_effort", value: effort))
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
        guard var object = message.objectValue, message["role"]?.stringValue == "assistant" else { return message }
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
}
