public import FreshetGeneration
import FreshetPartialJSON

extension GenerationRequest {
    /// The request as a Chat Completions body that asks for a stream with usage.
    ///
    /// - Parameter provider: What is to be known of it.
    /// - Returns: The body's bytes.
    public func openAIChatBody(for provider: ProviderHabits) -> [UInt8] {
        var members: [JSONObject.Member] = [.init(name: "model", value: .string(provider.model))]
        var turns = messages
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
}
