import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// What one generation adds to a conversation: what was asked, and what was answered.
struct ConversationTurn: Sendable {
    let id: GenerationID
    /// The one before.
    let parent: GenerationID?
    /// The name of the model that was asked.
    let model: String
    /// What the model was told before the messages; nil for what it was told before.
    let system: String?
    let messages: [JSONValue]
    /// Of the messages as JSON.
    let bytes: Int
    /// Whether what was asked can be said in native messages; else `messages` holds the answer alone.
    let isSayable: Bool

    /// - Parameters:
    ///   - id: Of the generation.
    ///   - model: The name the client asked for.
    ///   - origin: With the request.
    ///   - log: Ended.
    ///   - limits: Of the request.
    init(_ id: GenerationID, model: String, _ origin: GenerationOrigin, _ log: GenerationLog, _ limits: JSONLimits) {
        (self.id, parent, self.model) = (id, origin.parent, model)
        let asked = try? Self.asked(origin, limits)
        system = asked?.system
        isSayable = asked != nil
        messages = (asked?.messages ?? []) + log.fold().messages
        bytes = messages.reduce(0) { $0 + $1.bytes.count + 1 }
    }
}

extension ConversationTurn {
    /// What was asked, in native messages.
    ///
    /// - Throws: A failure where the client's dialect says what native messages cannot.
    private static func asked(
        _ origin: GenerationOrigin, _ limits: JSONLimits
    ) throws(RequestError) -> (system: String?, messages: [JSONValue]) {
        switch DialectName(rawValue: origin.dialect) {
        case .anthropic:
            let request = try AnthropicRequest(body: origin.request, limits: limits)
            return (nil, try request.modelRequest().chatMessages())
        case .gemini:
            let request = try GeminiRequest(body: origin.request, model: nil, isStream: true, limits: limits)
            return (nil, try request.modelRequest().chatMessages())
        case .native, .simple, .openAIChat, nil:
            let request = try? JSONValue(parsing: origin.request, limits: limits)
            return (request?["system"]?.stringValue, request?["messages"]?.arrayValue ?? [])
        }
    }
}

/// Turns one after the other, put together from the last to the first.
struct Conversation: Sendable {
    /// Turns of one conversation at most.
    static let limit = 1000

    private var turns: [ConversationTurn] = []
    /// Of all messages as JSON.
    private(set) var bytes = 0

    /// How many there are.
    var count: Int { turns.count }
    /// The name of the model that was asked last.
    var model: String? { turns.first?.model }
    /// What the model was told last before the messages.
    var system: String? { turns.lazy.compactMap(\.system).first }
    /// From the beginning on.
    var messages: [JSONValue] { turns.reversed().flatMap(\.messages) }

    /// - Parameter turn: The one before all that are here.
    mutating func prepend(_ turn: ConversationTurn) {
        turns.append(turn)
        bytes += turn.bytes
    }
}

extension GenerationFold {
    /// The answer as the next request's messages in Chat Completions' form: whatever ended it, providers accept them.
    var messages: [JSONValue] {
        var message: [JSONObject.Member] = [.init(name: "role", value: "assistant")]
        let text = text(of: .text)
        let said = text.isEmpty ? self.text(of: .refusal) : text
        let calls = blocks.filter { $0.start.isClientCall && $0.start.choice == 0 }
        guard !said.isEmpty || !calls.isEmpty else { return [] }
        message.append(.init(name: "content", value: said.isEmpty ? .null : .string(said)))
        // What the provider signed it wants back, or it refuses the tools' results.
        let details = reasoningDetails
        if !details.isEmpty { message.append(.init(name: "reasoning_details", value: .array(details))) }
        if !calls.isEmpty { message.append(.init(name: "tool_calls", value: .array(calls.map(toolCall)))) }
        return [.object(JSONObject(message))] + calls.compactMap { output(of: $0) }
    }

    private func text(of kind: BlockKind) -> String {
        blocks.filter { $0.start.kind == kind && $0.start.choice == 0 }.map(\.text).joined()
    }

    /// What the tool answered; of an answer that broke off, that it did not. Nil leaves it to the next request.
    private func output(of call: Block) -> JSONValue? {
        var content: String
        if let output = toolOutputs.last(where: { $0.callID == call.start.callID }) {
            content = String(decoding: output.result, as: UTF8.self)
            if let string = (try? JSONValue(parsing: output.result))?.stringValue { content = string }
        } else if end?.outcome != .finished {
            content = String(decoding: ToolSeal.result, as: UTF8.self)
        } else {
            return nil
        }
        return ["role": "tool", "tool_call_id": .string(call.start.callID), "content": .string(content)]
    }
}

/// What stands for the result of a tool that will not be run any more.
enum ToolSeal {
    static let result = Array(#"{"error":"the answer was stopped before the tool was run"}"#.utf8)
}

extension GenerationFold {
    /// A call whose arguments were cut has none: providers refuse what is no JSON.
    fileprivate func toolCall(_ call: Block) -> JSONValue {
        let isWhole = (try? JSONValue(parsing: call.bytes))?.objectValue != nil
        var members: [JSONObject.Member] = [
            .init(name: "id", value: .string(call.start.callID)), .init(name: "type", value: "function"),
            .init(
                name: "function",
                value: ["name": .string(call.start.name), "arguments": .string(isWhole ? call.text : "{}")]),
        ]
        if let signature = signature(beforeCall: call.start.block) {
            members.append(
                .init(name: "extra_content", value: ["google": ["thought_signature": .string(signature.value)]]))
        }
        return .object(JSONObject(members))
    }
}
