import FreshetGeneration
import FreshetPartialJSON

/// What the beginning of a block says.
extension AnthropicDecoder {
    /// - Parameters:
    ///   - index: The provider's number.
    ///   - members: Of `content_block`.
    ///   - object: Where that lies.
    ///   - data: The event.
    ///   - isWhole: Whether all of the block is there: then clients of this dialect get its text as deltas.
    /// - Throws: Where too much is gathered of blocks without a place among ours.
    mutating func beginBlock(
        _ index: Int, _ members: [AnthropicFrame.Member], _ object: Range<Int>, _ data: Span<UInt8>,
        isWhole: Bool = false
    ) throws(FrameError) {
        let type = AnthropicFrame.string("type", in: members, data)?.string(in: data) ?? ""
        let part = Part(members: members, object: object, isWhole: isWhole)
        switch type {
        case "text": beginText(index, part, data)
        case "thinking": beginThinking(index, part, data)
        case "redacted_thinking": try beginRedacted(index, part, data)
        case let type where type.hasSuffix("tool_use"): try beginCall(index, type, part, data)
        case let type where type.hasSuffix("tool_result"): try takeResult(index, part, data)
        default: try gather(index, part, data)
        }
    }

    /// One block as it was given.
    struct Part {
        var members: [AnthropicFrame.Member]
        var object: Range<Int>
        var isWhole: Bool

        func string(_ name: StaticString, _ data: Span<UInt8>) -> JSONStringToken? {
            AnthropicFrame.string(name, in: members, data)
        }
    }

    /// Begins a block of ours.
    @discardableResult
    mutating func begin(
        _ kind: BlockKind, _ index: Int, callID: String = "", name: String = "", isProviderExecuted: Bool = false,
        _ extras: Extras? = nil
    ) -> (number: Int, kind: BlockKind) {
        let block = (number: nextBlock, kind: kind)
        nextBlock += 1
        noteOpen(OpenBlock(index: index, block: block))
        let start = BlockStart(
            block: block.number, kind: kind, callID: callID, name: name, isProviderExecuted: isProviderExecuted)
        add(.blockStart(start), extras)
        return block
    }

    private func extras(_ part: Part, emptying: [JSONSplice.Edit], _ data: Span<UInt8>) -> Extras {
        var bytes: [UInt8] = []
        let raw = data.extracting(part.object)
        if part.isWhole, let emptied = try? JSONSplice.applying(emptying, to: raw, limits: frame.limits) {
            AnthropicExtras.append(.block, raw: emptied.span, to: &bytes)
        } else {
            AnthropicExtras.append(.block, raw: raw, to: &bytes)
            if !part.isWhole { appendFrameMembers(["type", "index", "content_block"], data, to: &bytes) }
        }
        return Extras(dialect: .anthropic, bytes: bytes, isConstant: false)
    }

    /// Text that stood in the start: clients of this dialect have it from there, unless the start is written without.
    private mutating func say(
        _ token: JSONStringToken?, _ block: (number: Int, kind: BlockKind), _ part: Part, _ data: Span<UInt8>
    ) {
        guard let token, !token.range.isEmpty else { return }
        hasContent = true
        let delta = Pending.Content.delta(block: block.number, kind: block.kind, token: token)
        pending.append(Pending(content: delta, extras: part.isWhole ? nil : Self.said))
    }

    private mutating func beginText(_ index: Int, _ part: Part, _ data: Span<UInt8>) {
        let citations =
            AnthropicFrame.value("citations", in: part.members, data)
            .map { AnthropicFrame.elements(of: $0, data, frame.limits) } ?? []
        var emptied: [JSONSplice.Edit] = [("text", Array("\"\"".utf8))]
        if !citations.isEmpty { emptied.append(("citations", Array("[]".utf8))) }
        let block = begin(.text, index, extras(part, emptying: emptied, data))
        say(part.string("text", data), block, part, data)
        for citation in citations where data[citation.lowerBound] == 0x7B {
            addCitation(citation, block.number, data, isSaid: !part.isWhole)
        }
    }

    private mutating func beginThinking(_ index: Int, _ part: Part, _ data: Span<UInt8>) {
        let empty = Array("\"\"".utf8)
        let raw = extras(part, emptying: [("thinking", empty), ("signature", empty)], data)
        let block = begin(.reasoning, index, raw)
        say(part.string("thinking", data), block, part, data)
        guard let token = part.string("signature", data), !token.range.isEmpty else { return }
        let signature = Signature(dialect: .anthropic, value: token.string(in: data))
        add(.signature(block: block.number, signature), part.isWhole ? nil : Self.said)
    }

    /// The signature is the reasoning itself, so the block's start goes along with it.
    private mutating func beginRedacted(_ index: Int, _ part: Part, _ data: Span<UInt8>) throws(FrameError) {
        guard let token = part.string("data", data) else { return try gather(index, part, data) }
        let block = begin(.reasoning, index)
        hasContent = true
        let signature = Signature(dialect: .anthropic, value: token.string(in: data), isRedacted: true)
        add(.signature(block: block.number, signature), extras(part, emptying: [], data))
    }

    private mutating func beginCall(_ index: Int, _ type: String, _ part: Part, _ data: Span<UInt8>) throws(FrameError)
    {
        guard let id = part.string("id", data)?.string(in: data), let name = part.string("name", data)?.string(in: data)
        else { return try gather(index, part, data) }
        let isTheirs = type != "tool_use"
        hasContent = true
        if isTheirs {
            note(call: id, name)
            add(.progress(fraction: nil, status: "\(name) started"))
        }
        let raw = extras(part, emptying: [("input", Array("{}".utf8))], data)
        let block = begin(.toolInput, index, callID: id, name: name, isProviderExecuted: isTheirs, raw)
        guard let input = AnthropicFrame.value("input", in: part.members, data), data[input.lowerBound] == 0x7B,
            !AnthropicFrame.isEmptyObject(input, data)
        else { return }
        let bytes = data.extracting(input).withUnsafeBufferPointer { Array($0) }
        if part.isWhole {
            add(raw: bytes, block, nil)
        } else {
            keepInput(bytes)
        }
    }

    /// The result of one of the provider's own tools, which arrives whole.
    private mutating func takeResult(_ index: Int, _ part: Part, _ data: Span<UInt8>) throws(FrameError) {
        guard let id = part.string("tool_use_id", data)?.string(in: data),
            let content = AnthropicFrame.value("content", in: part.members, data)
        else { return try gather(index, part, data) }
        var bytes: [UInt8] = []
        for member in part.members where !member.name.equals("content", in: data) {
            AnthropicExtras.append(.result, raw: data.extracting(member.range), to: &bytes)
        }
        hasContent = true
        let status = AnthropicFrame.isError(part.members, content, data) ? "failed" : "finished"
        add(.progress(fraction: nil, status: "\(calls[id] ?? "tool") \(status)"))
        let result = data.extracting(content).withUnsafeBufferPointer { Array($0) }
        add(
            .toolOutput(callID: id, result: result),
            Extras(dialect: .anthropic, bytes: bytes, isConstant: false))
        noteOpen(OpenBlock(index: index))
    }

    /// A block of a type that has no place among ours is shown to clients of this dialect, once it is whole.
    private mutating func gather(_ index: Int, _ part: Part, _ data: Span<UInt8>) throws(FrameError) {
        // One that is whole goes into the log at once.
        if !part.isWhole { try checkGathering(part.object.count) }
        hasContent = true
        var block = OpenBlock(index: index)
        var bytes = data.extracting(part.object).withUnsafeBufferPointer { Array($0) }
        // Line ends part its deltas.
        for place in bytes.indices where bytes[place] < 0x20 { bytes[place] = 0x20 }
        block.foreign = bytes
        noteOpen(block)
    }

    mutating func addCitation(_ range: Range<Int>, _ block: Int, _ data: Span<UInt8>, isSaid: Bool = false) {
        var members: [AnthropicFrame.Member] = []
        guard (try? frame.read(range, of: data, into: &members)) != nil else { return }
        func text(_ name: StaticString) -> String? { AnthropicFrame.string(name, in: members, data)?.string(in: data) }
        let citation = Citation(
            url: text("url") ?? text("source"), title: text("title") ?? text("document_title"), text: text("cited_text")
        )
        var bytes: [UInt8] = []
        AnthropicExtras.append(.citation, raw: data.extracting(range), to: &bytes)
        add(
            .citation(block: block, citation),
            isSaid ? Self.said : Extras(dialect: .anthropic, bytes: bytes, isConstant: false))
    }

    /// Of so many calls the names are remembered.
    private static let callLimit = 1024

    private mutating func note(call id: String, _ name: String) {
        if calls.count < Self.callLimit { calls[id] = name }
    }
}

extension AnthropicFrame {
    static func isEmptyObject(_ range: Range<Int>, _ text: Span<UInt8>) -> Bool {
        for place in range.dropFirst().dropLast() where text[place] > 0x20 { return false }
        return true
    }

    /// Whether a tool's result says that the tool failed.
    static func isError(_ members: [Member], _ content: Range<Int>, _ text: Span<UInt8>) -> Bool {
        if let flag = value("is_error", in: members, text), text[flag.lowerBound] == UInt8(ascii: "t") { return true }
        guard text[content.lowerBound] == 0x7B,
            let members = try? JSONSplice.members(of: text.extracting(content))
        else { return false }
        let raw = text.extracting(content)
        return members.contains { member in
            member.name.equals("error_code", in: raw)
        }
    }
}
