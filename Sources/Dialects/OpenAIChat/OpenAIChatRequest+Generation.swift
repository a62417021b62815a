public import FreshetGeneration
import FreshetPartialJSON

extension GenerationRequest {
    /// The request as a Chat Completions body that asks for a stream with usage.
    ///
    /// - Parameters:
    ///   - model: The provider's name for the model.
    ///   - asksUsage: Whether to send `stream_options`, which some servers refuse.
    ///   - namesCompletionTokens: Whether the limit is called `max_completion_tokens`, as the newer models of the
    ///     dialect's inventor demand; servers that speak like it know `max_tokens`.
    /// - Returns: The body's bytes.
    public func openAIChatBody(model: String, asksUsage: Bool, namesCompletionTokens: Bool) -> [UInt8] {
        var members: [JSONObject.Member] = [.init(name: "model", value: .string(model))]
        var turns = messages
        if let system { turns.insert(["role": "system", "content": .string(system)], at: 0) }
        members.append(.init(name: "messages", value: .array(turns)))
        for option in options.members {
            switch option.name {
            case "max_tokens" where namesCompletionTokens:
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
        if asksUsage { members.append(.init(name: "stream_options", value: ["include_usage": true])) }
        return JSONValue.object(JSONObject(members)).bytes
    }
}
