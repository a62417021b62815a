public import FreshetGeneration
import FreshetPartialJSON

/// Gathers a generation into one `chat.completion`, the body of a request that did not ask for a stream.
///
/// Members that a Chat provider sent beside are folded too: strings of a delta and log probabilities are joined, of
/// any other member the last value that is not null holds.
public struct OpenAIChatCompletion: CompletionFold {
    private var fold = GenerationFold()
    private var chunkMembers = JoinedMembers()
    private var choiceMembers: [Int: JoinedMembers] = [:]
    private var deltaMembers: [Int: JoinedMembers] = [:]
    private var reasoningNames: [Int: String] = [:]
    private var usage: JSONValue?
    private var known: Extras?

    /// Nothing gathered yet.
    public init() {}

    /// The generation's end, once it was folded.
    public var end: GenerationEnd? { fold.end }

    /// Folds one event. O(bytes).
    public mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        fold.apply(item, payload)
        guard let extras = item.extras, extras.dialect == .openAIChat else { return }
        if extras.isConstant, extras == known { return }
        known = extras
        ChatExtras.forEach(extras.bytes) { anchor, place, range in
            take(anchor, place, extras.bytes[range])
        }
    }

    private mutating func take(_ anchor: ChatAnchor, _ place: Int, _ raw: ArraySlice<UInt8>) {
        switch anchor {
        case .usage: if let value = try? JSONValue(parsing: Array(raw)), !value.isNull { usage = value }
        case .reasoningName: reasoningNames[place] = String(decoding: raw.dropFirst().dropLast(), as: UTF8.self)
        case .chunk: chunkMembers.join(raw, joining: false)
        case .choice: choiceMembers[place, default: JoinedMembers()].join(raw, joining: false)
        case .delta: deltaMembers[place, default: JoinedMembers()].join(raw, joining: true)
        case .toolCall, .error, .contentParts, .mention: break
        }
    }

    /// Set where the provider finished with a word that only its own dialect knows for a failure.
    public var failure: GenerationFailure? {
        guard fold.attemptSource != .openAIChat, let reason = end?.finishReason, reason.isFailure else { return nil }
        return GenerationFailure(
            code: .providerError, message: "the provider ended its answer with \(reason.wire)", isRetryable: true)
    }

    // MARK: Writing

    /// The whole document. Choices without a finish reason (the answer was stopped) get the outcome's.
    public func body() -> [UInt8] {
        var members: [JSONObject.Member] = []
        let created = fold.attempt?.providerCreated ?? Int64((fold.start?.createdMilliseconds ?? 0) / 1000)
        let ownID = fold.start.map { "chatcmpl-" + String(describing: $0.id).dropFirst(4) }
        let id = fold.attempt?.providerID ?? ownID ?? ""
        members.append(.init(name: "id", value: .string(id)))
        members.append(.init(name: "object", value: "chat.completion"))
        members.append(.init(name: "created", value: .number(JSONNumber(created))))
        members.append(.init(name: "model", value: .string(fold.attempt?.providerModel ?? fold.start?.model ?? "")))
        members.append(.init(name: "choices", value: .array(choices.map { choice($0) })))
        if let usage = usage ?? ownUsage { members.append(.init(name: "usage", value: usage)) }
        let own = Set(members.map(\.name))
        members += chunkMembers.members.filter { !own.contains($0.name) }
        return JSONValue.object(JSONObject(members)).bytes
    }

    private var choices: [Int] {
        let seen = fold.blocks.map(\.start.choice) + fold.finishes.map(\.choice)
        return seen.isEmpty ? [0] : Set(seen).sorted()
    }

    private func choice(_ index: Int) -> JSONValue {
        var members: [JSONObject.Member] = [
            .init(name: "index", value: .number(JSONNumber(index))),
            .init(name: "message", value: message(index)),
        ]
        members += choiceMembers[index]?.members ?? []
        let outcome: FinishReason = fold.end?.outcome == .overBudget ? .length : .stop
        let reason = fold.finishes.first { $0.choice == index }?.reason ?? outcome
        members.append(.init(name: "finish_reason", value: .string(reason.wire)))
        return .object(JSONObject(members))
    }

    private func message(_ index: Int) -> JSONValue {
        var members: [JSONObject.Member] = [.init(name: "role", value: "assistant")]
        members.append(.init(name: "content", value: text(.text, index) ?? .null))
        members.append(.init(name: "refusal", value: text(.refusal, index) ?? .null))
        if let reasoning = text(.reasoning, index) {
            members.append(.init(name: reasoningNames[index] ?? "reasoning_content", value: reasoning))
        }
        let calls = fold.blocks.filter { $0.start.isClientCall && $0.start.choice == index }
        if !calls.isEmpty { members.append(.init(name: "tool_calls", value: .array(calls.map(call)))) }
        if index == 0, fold.attemptSource != .openAIChat { members += asides }
        let own = Set(members.map(\.name))
        members += (deltaMembers[index]?.members ?? []).filter { !own.contains($0.name) }
        // An answer that is empty, not absent.
        if calls.isEmpty, members[1].value.isNull, members[2].value.isNull,
            deltaMembers[index]?["content"]?.stringValue != nil
        {
            members[1].value = ""
        }
        return .object(JSONObject(members))
    }

    private func text(_ kind: BlockKind, _ index: Int) -> JSONValue? {
        let blocks = fold.blocks.filter { $0.start.kind == kind && $0.start.choice == index }
        return blocks.isEmpty ? nil : .string(blocks.map(\.text).joined())
    }

    private func call(_ block: GenerationFold.Block) -> JSONValue {
        var members: [JSONObject.Member] = [
            .init(name: "id", value: .string(block.start.callID)), .init(name: "type", value: "function"),
            .init(
                name: "function",
                value: ["name": .string(block.start.name), "arguments": .string(block.text)]),
        ]
        if let signature = fold.signature(beforeCall: block.start.block) {
            let member = [0x7B] + ChatAsides.member(ofCallBehind: signature) + [0x7D]
            members += (try? JSONValue(parsing: member))?.objectValue?.members ?? []
        }
        return .object(JSONObject(members))
    }

    /// What has no place of its own in Chat, as in the stream.
    private var asides: [JSONObject.Member] {
        var asides = ChatAsides()
        for block in fold.blocks where block.start.choice == 0 {
            asides.take(block)
            for citation in block.citations { asides.cite(citation) }
        }
        for file in fold.files { asides.show(file) }
        var object: [UInt8] = [0x7B]
        asides.write(into: &object)
        object.append(0x7D)
        return (try? JSONValue(parsing: object))?.objectValue?.members ?? []
    }

    private var ownUsage: JSONValue? {
        guard let usage = fold.usage, !usage.isEstimate else { return nil }
        var bytes: [UInt8] = []
        ChatUsage.append(usage, to: &bytes)
        return try? JSONValue(parsing: bytes)
    }
}
