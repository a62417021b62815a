import FreshetGeneration
import FreshetPartialJSON

/// The strict machine of content blocks: one is sent at a time, what comes later waits.
///
/// Items (blocks, and what a provider puts among them) are sent in the order in which they began. The one being sent is
/// the oldest block that is open; so all that was sent follows from which blocks are open, and an encoder rebuilt from a
/// fold goes on with the same one.
struct AnthropicBlocks {
    /// What stands among the blocks and arrives whole.
    enum Aside {
        /// The members of the provider's block but for its `content`, each behind a comma; nil where they are not known.
        case result(callID: String, result: [UInt8], members: [UInt8]?)
        /// `content_block` and its deltas, one a line.
        case foreign([UInt8])
    }

    /// A block that waits or is being sent.
    struct Block {
        var start: BlockStart
        /// What it has said while it waited.
        var bytes: [UInt8] = []
        var signature: Signature?
        var citations: [(citation: Citation, raw: [UInt8]?)] = []
        /// The provider's own `content_block`.
        var raw: [UInt8]?
        /// Whether the start was sent.
        var isBegun = false
        /// Whether it was sent as the provider gave it, with all that stood in it.
        var isRaw = false
        var hasEnded = false
        /// Half of a surrogate pair, kept until the other half comes: readers that do not join strings as UTF-16 would
        /// have to throw both away.
        var half: [UInt8] = []
    }

    /// The provider speaks this dialect.
    var isOwn = false
    /// A call that the client is to answer was begun.
    private(set) var hasCalls = false
    /// The model refused in so many words.
    private(set) var hasRefusal = false
    /// The number of the next block that is begun, in the client's count.
    private var nextIndex = 0
    private var current: Block?
    /// Whether a block is being sent, or would be if it said anything.
    var isOpen: Bool { current != nil }
    /// The number of the one being sent, in the client's count.
    private var index = 0
    private var waiting = AnthropicWaiting()
    /// The frame of a delta up to its text, while nothing but the text changes.
    private var template: [UInt8] = []

    init() {}

    /// The machine behind the events that `fold` holds.
    init(resuming fold: GenerationFold, isOwn: Bool, _ output: FrameOutput) {
        self.isOwn = isOwn
        var (outputs, foreign) = (0, 0)
        for place in 0...fold.blocks.count {
            if isOwn {
                while outputs < fold.toolOutputs.count, fold.toolOutputs[outputs].position <= place {
                    let output = fold.toolOutputs[outputs]
                    outputs += 1
                    restore(.result(callID: output.callID, result: output.result, members: nil))
                }
                while foreign < fold.foreign.count, fold.foreign[foreign].position <= place {
                    let block = fold.foreign[foreign]
                    foreign += 1
                    if block.name == AnthropicForeign.block { restore(.foreign(block.bytes)) }
                }
            }
            guard place < fold.blocks.count, isShown(fold.blocks[place].start) else { continue }
            note(fold.blocks[place].start)
            restore(fold.blocks[place])
        }
        if let current, current.isBegun {
            index = nextIndex - 1
            template = Self.template(index, current.start.kind, output)
        }
    }

    private mutating func restore(_ aside: Aside) {
        if current == nil { nextIndex += 1 } else { waiting.append(aside) }
    }

    private mutating func restore(_ known: GenerationFold.Block) {
        var block = Block(start: known.start)
        if known.start.kind == .refusal, !known.bytes.isEmpty { hasRefusal = true }
        if current == nil {
            let isSaid = !known.bytes.isEmpty || known.signature != nil || !known.citations.isEmpty
            block.isBegun = isSaid || isOwn || known.start.kind == .toolInput
            if block.isBegun { nextIndex += 1 }
            if !known.isOpen { return }
            block.isRaw = isOwn
            if WTF8.endsInHighSurrogate(known.bytes) { block.half = Array(known.bytes.suffix(3)) }
            current = block
        } else {
            (block.bytes, block.signature, block.hasEnded) = (known.bytes, known.signature, !known.isOpen)
            block.citations = known.citations.map { ($0, nil) }
            waiting.append(block)
        }
    }

    /// Whether clients see the block at all.
    private func isShown(_ start: BlockStart) -> Bool { start.choice == 0 && (isOwn || !start.isProviderExecuted) }

    private mutating func note(_ start: BlockStart) {
        if start.isClientCall { hasCalls = true }
    }

    // MARK: Events

    mutating func begin(
        _ start: BlockStart, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        guard isShown(start) else { return }
        note(start)
        var block = Block(start: start)
        block.raw = own?.anthropic(.block).map(Array.init)
        guard current == nil else { return waiting.append(block) }
        current = block
        // Text and reasoning begin with what they say: a block that says nothing is none.
        if start.kind == .toolInput || block.raw != nil { open(own, &output, &out) }
    }

    mutating func add(
        _ text: Span<UInt8>, to block: Int, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        if current?.start.block == block {
            // The provider's start has it already.
            if own?.anthropic(.said) != nil, current?.isRaw == true { return }
            if current?.isBegun == false { open(nil, &output, &out) }
            if current?.start.kind == .refusal { hasRefusal = true }
            say(text, own, &output, &out)
        } else {
            waiting.change(block) { waiting in
                if own?.anthropic(.said) == nil || waiting.raw == nil { WTF8.append(text, to: &waiting.bytes) }
            }
        }
    }

    mutating func add(
        _ signature: Signature, to block: Int, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        guard current?.start.block == block else {
            return waiting.change(block) { waiting in
                waiting.signature = signature
                if let raw = own?.anthropic(.block) { waiting.raw = Array(raw) }
            }
        }
        if own?.anthropic(.said) != nil, current?.isRaw == true { return }
        let isRedacted = signature.isRedacted && signature.dialect == .anthropic
        if let raw = own?.anthropic(.block) { current?.raw = Array(raw) }
        if isRedacted, current?.isBegun == false || own?.anthropic(.block) != nil {
            current?.signature = signature
            return open(own, &output, &out)
        }
        if current?.isBegun == false { open(nil, &output, &out) }
        write(signature, own, &output, &out)
    }

    mutating func add(
        _ citation: Citation, to block: Int, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        let raw = own?.anthropic(.citation).map(Array.init)
        let isSaid = own?.anthropic(.said) != nil
        guard current?.start.block == block else {
            return waiting.change(block) { waiting in
                if !isSaid || waiting.raw == nil { waiting.citations.append((citation, raw)) }
            }
        }
        if isSaid, current?.isRaw == true { return }
        if current?.isBegun == false { open(nil, &output, &out) }
        write(citation, raw, own, &output, &out)
    }

    /// A provider's delta that says nothing of ours; one of a block that waits is not kept.
    mutating func add(wholeDelta own: Extras, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        guard let current, current.isBegun, let raw = own.anthropic(.wholeDelta, place: current.start.block) else {
            return
        }
        writeDelta(&output, &out) { $0 += raw }
    }

    mutating func add(_ aside: Aside, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        guard current == nil else { return waiting.append(aside) }
        write(aside, &output, &out)
    }

    mutating func end(_ block: Int, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        guard current?.start.block == block else { return waiting.change(block) { $0.hasEnded = true } }
        close(&output, &out)
        goOn(&output, &out)
    }

    /// Ends what is open; what waits is sent as far as it came.
    mutating func endAll(_ output: inout FrameOutput, _ out: inout [UInt8]) {
        while current != nil {
            close(&output, &out)
            goOn(&output, &out)
        }
    }

    /// Sends what waits, up to a block that is still open.
    private mutating func goOn(_ output: inout FrameOutput, _ out: inout [UInt8]) {
        while current == nil, let item = waiting.popFirst() {
            switch item {
            case .aside(let aside): write(aside, &output, &out)
            case .block(let block):
                current = block
                send(block, &output, &out)
                if block.hasEnded { close(&output, &out) }
            }
        }
    }

    /// Sends what a block said while it waited.
    private mutating func send(_ block: Block, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        let isSaying = !block.bytes.isEmpty || block.signature != nil || !block.citations.isEmpty
        guard isSaying || isOwn || block.start.kind == .toolInput else { return }
        current?.bytes = []
        if block.start.kind == .refusal, !block.bytes.isEmpty { hasRefusal = true }
        open(nil, &output, &out)
        if !block.bytes.isEmpty { say(block.bytes.span, nil, &output, &out) }
        for (citation, raw) in block.citations { write(citation, raw, nil, &output, &out) }
        guard let signature = block.signature, !(signature.isRedacted && signature.dialect == .anthropic) else {
            return
        }
        write(signature, nil, &output, &out)
    }

    // MARK: Frames

    /// Sends the start of the block that is next.
    private mutating func open(_ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        guard let block = current else { return }
        if !block.isBegun {
            index = nextIndex
            nextIndex += 1
        }
        current?.isBegun = true
        current?.isRaw = block.raw != nil
        template = Self.template(index, block.start.kind, output)
        openFrame("content_block_start", &output, &out)
        out += ",\"content_block\":".utf8
        if let raw = block.raw { out += raw } else { append(block, to: &out) }
        own?.appendAnthropicMembers(.frame, to: &out)
        closeFrame(&output, &out)
    }

    private func append(_ block: Block, to out: inout [UInt8]) {
        switch block.start.kind {
        case .text, .refusal: out += "{\"type\":\"text\",\"text\":\"\"}".utf8
        case .reasoning:
            if let signature = block.signature, signature.isRedacted, signature.dialect == .anthropic {
                out += "{\"type\":\"redacted_thinking\",\"data\":".utf8
                out.appendJSON(string: signature.value)
                out.append(0x7D)
            } else {
                out += "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}".utf8
            }
        case .toolInput:
            out +=
                (block.start.isProviderExecuted
                ? "{\"type\":\"server_tool_use\",\"id\":" : "{\"type\":\"tool_use\",\"id\":").utf8
            out.appendJSON(string: block.start.callID)
            out += ",\"name\":".utf8
            out.appendJSON(string: block.start.name)
            out += ",\"input\":{}}".utf8
        }
    }

    private static func template(_ index: Int, _ kind: BlockKind, _ output: FrameOutput) -> [UInt8] {
        var bytes = output.beginning("content_block_delta")
        bytes += "{\"type\":\"content_block_delta\",\"index\":".utf8
        bytes.appendJSON(integer: index)
        switch kind {
        case .text, .refusal: bytes += ",\"delta\":{\"type\":\"text_delta\",\"text\":\"".utf8
        case .reasoning: bytes += ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"".utf8
        case .toolInput: bytes += ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"".utf8
        }
        return bytes
    }

    /// Sends text of the block that is being sent.
    private mutating func say(
        _ text: Span<UInt8>, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        if current?.half.isEmpty == true, !Self.endsInHalf(text) {
            return writeText(text, own, &output, &out)
        }
        var whole = current?.half ?? []
        WTF8.append(text, to: &whole)
        let isHalf = WTF8.endsInHighSurrogate(whole)
        current?.half = isHalf ? Array(whole.suffix(3)) : []
        if isHalf { whole.removeLast(3) }
        if !whole.isEmpty { writeText(whole.span, own, &output, &out) }
    }

    private static func endsInHalf(_ text: Span<UInt8>) -> Bool {
        let end = text.count
        return end >= 3 && text[end - 3] == 0xED && (0xA0..<0xB0).contains(text[end - 2])
    }

    @inline(__always)
    private func writeText(
        _ text: Span<UInt8>, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        output.open(with: template, &out)
        out.appendJSON(stringContent: text)
        if let own {
            out.append(0x22)
            own.appendAnthropicMembers(.delta, to: &out)
            out.append(0x7D)
            own.appendAnthropicMembers(.frame, to: &out)
            out.append(0x7D)
        } else {
            out.appendJSON(raw: "\"}}")
        }
        output.close(&out)
    }

    private func write(_ signature: Signature, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        writeDelta(&output, &out, own) { out in
            out += "{\"type\":\"signature_delta\",\"signature\":".utf8
            out.appendJSON(string: signature.value(for: .anthropic))
            own?.appendAnthropicMembers(.delta, to: &out)
            out.append(0x7D)
        }
    }

    private func write(
        _ citation: Citation, _ raw: [UInt8]?, _ own: Extras?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        writeDelta(&output, &out, own) { out in
            out += "{\"type\":\"citations_delta\",\"citation\":".utf8
            if let raw { out += raw } else { Self.append(citation, to: &out) }
            out.append(0x7D)
        }
    }

    /// As this vendor cites what its search found: the only form with an address.
    static func append(_ citation: Citation, to out: inout [UInt8]) {
        out += "{\"type\":\"web_search_result_location\",\"cited_text\":".utf8
        out.appendJSON(string: citation.text ?? "")
        out += ",\"url\":".utf8
        out.appendJSON(string: citation.url ?? "")
        out += ",\"title\":".utf8
        if let title = citation.title { out.appendJSON(string: title) } else { out += "null".utf8 }
        out += ",\"encrypted_index\":\"\"}".utf8
    }

    private func writeDelta(
        _ output: inout FrameOutput, _ out: inout [UInt8], _ own: Extras? = nil, _ delta: (inout [UInt8]) -> Void
    ) {
        openFrame("content_block_delta", &output, &out)
        out += ",\"delta\":".utf8
        delta(&out)
        own?.appendAnthropicMembers(.frame, to: &out)
        closeFrame(&output, &out)
    }

    /// Ends the block that is being sent; one that was never begun is none.
    private mutating func close(_ output: inout FrameOutput, _ out: inout [UInt8]) {
        guard let block = current else { return }
        if block.isBegun {
            if !block.half.isEmpty { writeText(block.half.span, nil, &output, &out) }
            openFrame("content_block_stop", &output, &out)
            closeFrame(&output, &out)
        }
        current = nil
    }

    private mutating func write(_ aside: Aside, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        index = nextIndex
        nextIndex += 1
        switch aside {
        case .result(let callID, let result, let members): write(callID, result, members, &output, &out)
        case .foreign(let bytes):
            let parts = bytes.split(separator: 0x0A)
            for (place, part) in parts.enumerated() {
                openFrame(place == 0 ? "content_block_start" : "content_block_delta", &output, &out)
                out += (place == 0 ? ",\"content_block\":" : ",\"delta\":").utf8
                out += part
                closeFrame(&output, &out)
            }
        }
        openFrame("content_block_stop", &output, &out)
        closeFrame(&output, &out)
    }

    private func write(
        _ callID: String, _ result: [UInt8], _ members: [UInt8]?, _ output: inout FrameOutput, _ out: inout [UInt8]
    ) {
        openFrame("content_block_start", &output, &out)
        out += ",\"content_block\":{\"content\":".utf8
        out.appendJSONOnOneLine(result)
        if let members {
            out += members
        } else {
            out += ",\"type\":\"web_search_tool_result\",\"tool_use_id\":".utf8
            out.appendJSON(string: callID)
        }
        out.append(0x7D)
        closeFrame(&output, &out)
    }

    private func openFrame(_ type: StaticString, _ output: inout FrameOutput, _ out: inout [UInt8]) {
        output.open(type, &out)
        out += "{\"type\":\"".utf8
        out.appendJSON(raw: type)
        out += "\",\"index\":".utf8
        out.appendJSON(integer: index)
    }

    private func closeFrame(_ output: inout FrameOutput, _ out: inout [UInt8]) {
        out.append(0x7D)
        output.close(&out)
    }
}
