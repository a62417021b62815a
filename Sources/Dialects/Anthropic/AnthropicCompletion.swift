public import FreshetGeneration
import FreshetPartialJSON

/// Gathers a generation into one `message`, the body of a request that did not ask for a stream.
///
/// What an Anthropic provider sent besides is folded as the vendor's own accumulator does: the last value that is not
/// null holds.
public struct AnthropicCompletion: CompletionFold {
    private var fold = GenerationFold()
    /// The provider's `message`, and what its deltas said of it.
    private var message: JSONObject?
    private var finish: [JSONObject.Member] = []
    private var usage: [JSONObject.Member] = []
    private var frame: [JSONObject.Member] = []
    /// The provider's `content_block` of each block, by our number.
    private var blocks: [Int: JSONObject] = [:]
    private var citations: [Int: [JSONValue]] = [:]
    /// The members beside the content of each tool's result, in order of arrival.
    private var results: [JSONObject] = []
    /// What makes the content, in order of arrival.
    private var order: [Item] = []

    private enum Item {
        case block(Int)
        case result(Int)
        case foreign([UInt8])
    }

    /// Nothing gathered yet.
    public init() {}

    /// The generation's end, once it was folded.
    public var end: GenerationEnd? { fold.end }

    /// Folds one event. O(bytes).
    public mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        fold.apply(item, payload)
        guard case .event(let event) = item.body else { return }
        note(event, item.extras)
        guard let extras = item.extras, extras.dialect == .anthropic else { return }
        take(event, extras)
    }

    private mutating func note(_ event: GenerationEvent, _ extras: Extras?) {
        switch event {
        case .blockStart(let start): order.append(.block(start.block))
        case .toolOutput:
            order.append(.result(results.count))
            results.append(Self.object(joining: extras?.anthropicResult ?? []))
        case .foreign(.anthropic, AnthropicForeign.block, let bytes): order.append(.foreign(bytes))
        case .generationStart, .attempt, .blockDelta, .blockEnd, .signature, .citation, .file, .finish, .usage,
            .progress, .notice, .foreign, .generationEnd:
            break
        }
    }

    private mutating func take(_ event: GenerationEvent, _ extras: Extras) {
        let object = { (anchor: AnthropicAnchor) in
            extras.anthropic(anchor).flatMap { try? JSONValue(parsing: Array($0)) }
        }
        switch event {
        case .attempt: message = message ?? object(.message)?.objectValue
        case .blockStart(let start): blocks[start.block] = object(.block)?.objectValue
        case .signature(let block, _): if let raw = object(.block)?.objectValue { blocks[block] = raw }
        case .citation(let block, _): if let raw = object(.citation) { citations[block, default: []].append(raw) }
        case .usage, .finish, .foreign:
            Self.overlay(object(.finish)?.objectValue, on: &finish)
            Self.overlay(object(.usage)?.objectValue, on: &usage)
            var members: [UInt8] = []
            extras.appendAnthropicMembers(.frame, to: &members)
            Self.overlay(Self.object(joining: members), on: &frame)
        case .generationStart, .blockDelta, .blockEnd, .file, .progress, .toolOutput, .notice, .generationEnd: break
        }
    }

    /// An object of members that each stand behind a comma.
    private static func object(joining members: [UInt8]) -> JSONObject {
        let document = [0x7B] + members.dropFirst() + [0x7D]
        return (try? JSONValue(parsing: document))?.objectValue ?? JSONObject()
    }

    private static func overlay(_ news: JSONObject?, on members: inout [JSONObject.Member]) {
        for member in news?.members ?? [] {
            guard let place = members.firstIndex(where: { $0.name == member.name }) else {
                members.append(member)
                continue
            }
            if !member.value.isNull { members[place].value = member.value }
        }
    }

    /// Set where the provider finished with a word that only its own dialect knows for a failure.
    public var failure: GenerationFailure? {
        AnthropicEncoder.failure(of: end?.finishReason ?? reason, isOwn: message != nil)
    }

    private var reason: FinishReason? { fold.finishes.first { $0.choice == 0 }?.reason }

    // MARK: Writing

    /// The whole document. An answer that was stopped has the outcome's stop reason.
    public func body() -> [UInt8] {
        var members = message?.members ?? ownMembers
        let content = content
        set("content", .array(content), &members)
        // The model that took over is the one that answered.
        for block in content where block["type"]?.stringValue == "fallback" {
            if let model = block["to"]?["model"] { set("model", model, &members) }
        }
        if finish.isEmpty || reason == nil {
            set("stop_reason", .string(ownReason), &members)
            set("stop_sequence", .null, &members)
        }
        for member in finish + frame where !(member.value.isNull && members.contains { $0.name == member.name }) {
            set(member.name, member.value, &members)
        }
        var counts = members.first { $0.name == "usage" }?.value.objectValue?.members ?? []
        Self.overlay(JSONObject(usage), on: &counts)
        set("usage", message == nil || counts.isEmpty ? ownUsage : .object(JSONObject(counts)), &members)
        return JSONValue.object(JSONObject(members)).bytes
    }

    private func set(_ name: String, _ value: JSONValue, _ members: inout [JSONObject.Member]) {
        if let place = members.firstIndex(where: { $0.name == name }) {
            members[place].value = value
        } else {
            members.append(.init(name: name, value: value))
        }
    }

    private var ownMembers: [JSONObject.Member] {
        [
            .init(name: "id", value: .string(AnthropicEncoder.messageID(of: fold.start))),
            .init(name: "type", value: "message"), .init(name: "role", value: "assistant"),
            .init(name: "model", value: .string(fold.attempt?.providerModel ?? fold.start?.model ?? "")),
        ]
    }

    private var ownReason: String {
        let shown = fold.blocks.filter { $0.start.choice == 0 }
        return AnthropicStopReason.word(
            for: end?.finishReason ?? reason, outcome: end?.outcome ?? .finished,
            hasCalls: shown.contains { $0.start.isClientCall },
            isRefusal: shown.contains { $0.start.kind == .refusal && !$0.bytes.isEmpty })
    }

    private var ownUsage: JSONValue {
        var bytes: [UInt8] = []
        AnthropicUsage.append(fold.usage, to: &bytes)
        return (try? JSONValue(parsing: bytes)) ?? .null
    }

    /// Blocks, and what a provider put among them, in order.
    private var content: [JSONValue] {
        order.compactMap { item in
            switch item {
            case .block(let number): number < fold.blocks.count ? block(number) : nil
            case .result(let place): message == nil ? nil : result(fold.toolOutputs[place], results[place])
            case .foreign(let bytes): message == nil ? nil : Self.joined(bytes)
            }
        }
    }

    private func result(_ output: GenerationFold.ToolOutput, _ members: JSONObject) -> JSONValue {
        var members = members.members
        if members.isEmpty {
            members = [
                .init(name: "type", value: "web_search_tool_result"),
                .init(name: "tool_use_id", value: .string(output.callID)),
            ]
        }
        members.append(.init(name: "content", value: (try? JSONValue(parsing: output.result)) ?? .null))
        return .object(JSONObject(members))
    }

    /// A foreign block with its deltas: strings are put one behind the other, of anything else the last value holds.
    /// O(bytes).
    private static func joined(_ bytes: [UInt8]) -> JSONValue? {
        let parts = bytes.split(separator: 0x0A).map { (try? JSONValue(parsing: Array($0)))?.objectValue }
        guard let start = parts.first ?? nil else { return nil }
        var block = AnthropicGrowingBlock(start)
        for case let delta? in parts.dropFirst() { block.add(delta) }
        return .object(block.object)
    }

    private func block(_ number: Int) -> JSONValue? {
        let block = fold.blocks[number]
        guard block.start.choice == 0, message != nil || !block.start.isProviderExecuted else { return nil }
        switch block.start.kind {
        case .text, .refusal: return text(number, block)
        case .reasoning: return reasoning(number, block)
        case .toolInput: return call(number, block)
        }
    }

    private func text(_ number: Int, _ block: GenerationFold.Block) -> JSONValue? {
        guard var members = blocks[number] else {
            if block.bytes.isEmpty, block.citations.isEmpty { return nil }
            var members: [JSONObject.Member] = [
                .init(name: "type", value: "text"), .init(name: "text", value: .string(block.text)),
            ]
            if !block.citations.isEmpty {
                members.append(.init(name: "citations", value: .array(block.citations.map(Self.value))))
            }
            return .object(JSONObject(members))
        }
        members["text"] = .string(block.text)
        if let news = citations[number] {
            members["citations"] = .array((members["citations"]?.arrayValue ?? []) + news)
        }
        return .object(members)
    }

    private static func value(_ citation: Citation) -> JSONValue {
        var bytes: [UInt8] = []
        AnthropicBlocks.append(citation, to: &bytes)
        return (try? JSONValue(parsing: bytes)) ?? .null
    }

    private func reasoning(_ number: Int, _ block: GenerationFold.Block) -> JSONValue? {
        if let signature = block.signature, signature.isRedacted, signature.dialect == .anthropic {
            if let raw = blocks[number] { return .object(raw) }
            return ["type": "redacted_thinking", "data": .string(signature.value)]
        }
        let signature = block.signature?.value(for: .anthropic)
        guard var members = blocks[number] else {
            if block.bytes.isEmpty, signature == nil { return nil }
            return [
                "type": "thinking", "thinking": .string(block.text), "signature": .string(signature ?? ""),
            ]
        }
        members["thinking"] = .string(block.text)
        if let signature { members["signature"] = .string(signature) }
        return .object(members)
    }

    private func call(_ number: Int, _ block: GenerationFold.Block) -> JSONValue? {
        // Arguments that are no whole JSON (the answer was cut) are shown as they came, never repaired.
        let input = block.bytes.isEmpty ? [:] : (try? JSONValue(parsing: block.bytes)) ?? .string(block.text)
        guard var members = blocks[number] else {
            return [
                "type": block.start.isProviderExecuted ? "server_tool_use" : "tool_use",
                "id": .string(block.start.callID), "name": .string(block.start.name),
                "input": input,
            ]
        }
        members["input"] = input
        return .object(members)
    }
}
