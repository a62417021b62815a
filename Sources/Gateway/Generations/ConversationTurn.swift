import FreshetGeneration
import FreshetPartialJSON

/// Part of a conversation, with all that came before it: what was asked, or what was answered.
///
/// Children share what they have in common, and keep it when their parents are given up.
final class ConversationTurn: Sendable {
    /// Turns of one conversation at most; each child adds two.
    static let limit = 2000

    private let earlier: ConversationTurn?
    private let messages: [JSONValue]
    private let ownSystem: String?
    /// How many there are, this one included.
    let count: Int
    /// The name of the model that was asked last.
    let model: String

    init(_ messages: [JSONValue], system: String? = nil, model: String, after earlier: ConversationTurn?) {
        (self.messages, ownSystem, self.model, self.earlier) = (messages, system, model, earlier)
        count = (earlier?.count ?? 0) + 1
    }

    /// What a kept request asked.
    convenience init(
        asking origin: GenerationOrigin, model: String, after earlier: ConversationTurn?, limits: JSONLimits = .init()
    ) {
        let body = try? JSONValue(parsing: origin.request, limits: limits)
        self.init(
            body?["messages"]?.arrayValue ?? [], system: body?["system"]?.stringValue, model: model, after: earlier)
    }

    /// What the model was told last before the messages.
    var system: String? {
        var turn: ConversationTurn? = self
        while let this = turn {
            if let system = this.ownSystem { return system }
            turn = this.earlier
        }
        return nil
    }

    /// From the beginning on.
    var allMessages: [JSONValue] {
        var parts: [[JSONValue]] = []
        var turn: ConversationTurn? = self
        while let this = turn {
            parts.append(this.messages)
            turn = this.earlier
        }
        return parts.reversed().flatMap { $0 }
    }
}

extension GenerationFold {
    /// The answer as the next request's messages in Chat Completions' form: whatever ended it, providers accept them.
    var messages: [JSONValue] {
        var message: [JSONObject.Member] = [.init(name: "role", value: "assistant")]
        let text = text(of: .text)
        let said = text.isEmpty ? self.text(of: .refusal) : text
        let calls = blocks.filter { $0.start.kind == .toolInput && $0.start.choice == 0 }
        guard !said.isEmpty || !calls.isEmpty else { return [] }
        message.append(.init(name: "content", value: said.isEmpty ? .null : .string(said)))
        if !calls.isEmpty { message.append(.init(name: "tool_calls", value: .array(calls.map(\.asToolCall)))) }
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

extension GenerationFold.Block {
    /// A call whose arguments were cut has none: providers refuse what is no JSON.
    fileprivate var asToolCall: JSONValue {
        let isWhole = (try? JSONValue(parsing: bytes))?.objectValue != nil
        return [
            "id": .string(start.callID), "type": "function",
            "function": ["name": .string(start.name), "arguments": .string(isWhole ? text : "{}")],
        ]
    }
}
