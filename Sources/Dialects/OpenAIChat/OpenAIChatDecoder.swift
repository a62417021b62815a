public import FreshetGeneration
public import FreshetPartialJSON

/// Reads the frames of a Chat Completions stream (or one whole `chat.completion`) into a generation's log.
///
/// One provider frame becomes one or more events, the last of which ends the frame and carries the members that have
/// no place in our events, so that the encoder of this dialect can write the same frame again.
public struct OpenAIChatDecoder: ProviderDecoder {
    /// One choice of the answer.
    private struct Choice {
        var index: Int
        var hasRole = false
        var isFinished = false
        /// The block of text, reasoning or refusal that is open.
        var open: (block: Int, kind: BlockKind)?
        var tools: [Tool] = []
    }

    /// One tool call; it waits until its name is known.
    private struct Tool {
        var index: Int
        var id: [UInt8] = []
        var name: [UInt8] = []
        /// Nil until it was begun in the log.
        var block: Int?
        var isOpen = true
        var early: [UInt8] = []
    }

    /// Tool calls of one answer; past it a chunk that begins another is broken.
    private static let toolLimit = 1024
    /// Bytes of arguments kept for a call whose name has not come; past it the call begins without one.
    private static let earlyLimit = 1 << 20

    private let route: String
    private let generation: GenerationID
    private let expectedChoices: Int
    private var toolCount = 0
    private var openTools = 0
    private var chunk: ChatChunk
    private var choices: [Choice] = []
    private var nextBlock = 0
    private var hasAttempt = false
    private var id: [UInt8] = []
    private var model: [UInt8] = []
    private var created: [UInt8] = []
    private var scratch: [UInt8] = []
    private var extras: Extras?
    /// Events of the frame being written; the last of them ends it.
    private var pending: [Pending] = []
    private var repetition = FrameRepetition()
    /// All reports of usage merged: each is cumulative, and may leave out what an earlier one said.
    private var reported = Usage()
    /// Whether the frame brought a role that its choice did not have.
    private var hasNewRole = false

    private enum Pending {
        case event(GenerationEvent)
        case delta(block: Int, kind: BlockKind, token: JSONStringToken)
        case early(block: Int, bytes: [UInt8])
    }

    /// - Parameters:
    ///   - route: `provider/model`, for the attempt's event.
    ///   - generation: What ids are derived from where the provider gives none.
    ///   - choices: How many answers were asked for.
    ///   - firstBlock: The number of the next block in the log.
    ///   - limits: Of each frame's JSON.
    public init(
        route: String, generation: GenerationID, choices: Int = 1, firstBlock: Int = 0, limits: JSONLimits = .init()
    ) {
        chunk = ChatChunk(limits: limits)
        (self.route, self.generation, nextBlock) = (route, generation, firstBlock)
        expectedChoices = choices
    }

    /// Only a call that was begun in the log counts: one whose name is still to come has no hole to show.
    public var hasOpenToolCall: Bool { openTools > 0 }

    /// Reads a chunk, a whole `chat.completion`, an error object or `[DONE]`. O(bytes).
    public mutating func decode(
        _ data: Span<UInt8>, into log: inout GenerationLog
    ) throws(FrameError) -> DecodedFrame {
        if let text = repetition.text(of: data) {
            log.appendDelta(block: repetition.block, kind: repetition.kind, extras: extras) {
                text.appendUnescaped(from: data, to: &$0)
            }
            return repetition.meaning
        }
        repetition.forget()
        var frame = DecodedFrame()
        if Self.isDone(data) {
            frame.isDone = true
            frame.isFinished = isFinished
            frame.hasOpenToolCall = openTools > 0
            return frame
        }
        try chunk.scan(data)
        if chunk.error != nil || chunk.isErrorObject {
            frame.failure = ChatFailure.reading(data.extracting(chunk.error ?? 0..<data.count))
            return frame
        }
        try checkToolCount(data)
        pending.removeAll(keepingCapacity: true)
        let isFirst = !hasAttempt
        if isFirst { begin(data) }
        for place in chunk.choices.indices { take(place, data) }
        if let range = chunk.usage, let usage = ChatUsage.reading(data.extracting(range)) {
            pending.append(.event(.usage(usage)))
            reported.merge(usage)
            frame.usage = reported
        }
        frame.hasContent = hasAnswer
        for case .event(.finish(0, let reason)) in pending { frame.finishReason = reason }
        write(data, isFirst: isFirst, into: &log)
        frame.isFinished = isFinished
        frame.isComplete = choices.count >= expectedChoices
        frame.hasOpenToolCall = openTools > 0
        keep(frame, data)
        return frame
    }

    /// Keeps a frame that was one delta, if the same bytes would mean the same once more.
    private mutating func keep(_ frame: DecodedFrame, _ data: Span<UInt8>) {
        guard pending.count == 1, case .delta(let block, let kind, let token) = pending[0],
            !hasNewRole, extras?.isConstant != false
        else { return }
        repetition.keep(data, text: token, block: block, kind: kind, meaning: frame)
    }

    /// Also begins, under an empty name, tool calls that never got one: their arguments are not lost.
    public mutating func closeBlocks(in log: inout GenerationLog) {
        pending.removeAll(keepingCapacity: true)
        for place in choices.indices { close(place) }
        for item in pending {
            switch item {
            case .event(let event): log.append(event)
            case .early(let block, let bytes): log.appendDelta(block: block, kind: .toolInput) { $0 += bytes }
            case .delta: break  // closing has no text of its own
            }
        }
    }

    private var isFinished: Bool { !choices.isEmpty && choices.allSatisfy(\.isFinished) }

    /// Whether the chunk shows a reader anything: text, a tool call or a finish.
    private var hasAnswer: Bool {
        !chunk.toolCalls.isEmpty || chunk.choices.contains { $0.isTelling || $0.finish != nil }
    }

    private static func isDone(_ data: Span<UInt8>) -> Bool {
        // The official client takes any data that begins so for the end.
        guard data.count >= 6, data[0] == 0x5B else { return false }
        let mark: StaticString = "[DONE]"
        for place in 0..<6 where data[place] != mark.utf8Start[place] { return false }
        return true
    }

    // MARK: Reading a chunk

    private mutating func begin(_ data: Span<UInt8>) {
        hasAttempt = true
        id = Self.bytes(chunk.id?.range, data)
        model = Self.bytes(chunk.model?.range, data)
        created = Self.bytes(chunk.created, data)
        let attempt = Attempt(
            route: route,
            providerModel: chunk.model?.string(in: data),
            providerID: chunk.id?.string(in: data),
            providerCreated: chunk.created.flatMap { data.wholeNumber(at: $0) })
        pending.append(.event(.attempt(attempt)))
    }

    private mutating func take(_ place: Int, _ data: Span<UInt8>) {
        let part = chunk.choices[place]
        let choice = choice(part.index)
        if let reasoning = part.reasoning { show(.reasoning, reasoning, choice) }
        if let content = part.content { show(.text, content, choice) }
        for said in chunk.parts where said.choice == place { show(said.kind, said.token, choice) }
        if let refusal = part.refusal { show(.refusal, refusal, choice) }
        for tool in chunk.toolCalls.indices where chunk.toolCalls[tool].choice == place { call(tool, choice, data) }
        if let finish = part.finish {
            close(choice)
            choices[choice].isFinished = true
            let reason = FinishReason(wire: finish.string(in: data))
            pending.append(.event(.finish(choice: part.index, reason: reason)))
        }
    }

    private mutating func choice(_ index: Int) -> Int {
        if let place = choices.firstIndex(where: { $0.index == index }) { return place }
        choices.append(Choice(index: index))
        return choices.count - 1
    }

    private mutating func show(_ kind: BlockKind, _ token: JSONStringToken, _ choice: Int) {
        if let open = choices[choice].open, open.kind != kind {
            pending.append(.event(.blockEnd(block: open.block, kind: open.kind)))
            choices[choice].open = nil
        }
        if choices[choice].open == nil {
            let start = BlockStart(block: nextBlock, kind: kind, choice: choices[choice].index)
            pending.append(.event(.blockStart(start)))
            choices[choice].open = (nextBlock, kind)
            nextBlock += 1
        }
        guard let open = choices[choice].open else { return }
        pending.append(.delta(block: open.block, kind: kind, token: token))
    }

    private mutating func call(_ place: Int, _ choice: Int, _ data: Span<UInt8>) {
        let part = chunk.toolCalls[place]
        let tool = tool(part, choice, data)
        if choices[choice].tools[tool].id.isEmpty, let id = part.id {
            id.appendUnescaped(from: data, to: &choices[choice].tools[tool].id)
        }
        if choices[choice].tools[tool].block == nil, let name = part.name {
            name.appendUnescaped(from: data, to: &choices[choice].tools[tool].name)
        }
        if choices[choice].tools[tool].block == nil {
            let early = choices[choice].tools[tool].early.count
            if choices[choice].tools[tool].name.isEmpty, early < Self.earlyLimit {
                part.arguments?.appendUnescaped(from: data, to: &choices[choice].tools[tool].early)
                return
            }
            beginTool(tool, choice)
        }
        guard let block = choices[choice].tools[tool].block, let arguments = part.arguments,
            !arguments.range.isEmpty
        else { return }
        pending.append(.delta(block: block, kind: .toolInput, token: arguments))
    }

    /// The call a part belongs to. Some servers number every call 0: another id is another call.
    private mutating func tool(_ part: ChatChunk.ToolCall, _ choice: Int, _ data: Span<UInt8>) -> Int {
        if let known = knownTool(part, choice, data) { return known }
        toolCount += 1
        choices[choice].tools.append(Tool(index: part.index ?? choices[choice].tools.count))
        return choices[choice].tools.count - 1
    }

    private func knownTool(_ part: ChatChunk.ToolCall, _ choice: Int, _ data: Span<UInt8>) -> Int? {
        let id = part.id.flatMap { $0.range.isEmpty ? nil : Self.unescaped($0, data) }
        if part.index == nil,
            let place = choices[choice].tools.lastIndex(where: { $0.isOpen && (id == nil || $0.id == id) })
        {
            return place
        }
        guard let index = part.index else { return nil }
        if let place = choices[choice].tools.lastIndex(where: { $0.index == index && $0.isOpen }) {
            let known = choices[choice].tools[place].id
            if id == nil || known.isEmpty || known == id { return place }
        }
        return nil
    }

    /// Refuses a chunk that begins more calls than one answer may have, before anything is taken from it.
    private func checkToolCount(_ data: Span<UInt8>) throws(FrameError) {
        guard toolCount + chunk.toolCalls.count > Self.toolLimit else { return }
        for part in chunk.toolCalls {
            let index = chunk.choices[part.choice].index
            guard let choice = choices.firstIndex(where: { $0.index == index }), knownTool(part, choice, data) != nil
            else { throw .limitExceeded }
        }
    }

    private mutating func beginTool(_ tool: Int, _ choice: Int) {
        if let open = choices[choice].open {
            pending.append(.event(.blockEnd(block: open.block, kind: open.kind)))
            choices[choice].open = nil
        }
        let known = choices[choice].tools[tool]
        // An id that is derived is the same for every reader and after every restart.
        let id = known.id.isEmpty ? "call_\(generation)_\(nextBlock)" : String(decoding: known.id, as: UTF8.self)
        let start = BlockStart(
            block: nextBlock, kind: .toolInput, choice: choices[choice].index, callID: id,
            name: String(decoding: known.name, as: UTF8.self))
        pending.append(.event(.blockStart(start)))
        choices[choice].tools[tool].block = nextBlock
        nextBlock += 1
        openTools += 1
        guard !known.early.isEmpty, let block = choices[choice].tools[tool].block else { return }
        pending.append(.early(block: block, bytes: known.early))
        choices[choice].tools[tool].early = []
    }

    private mutating func close(_ choice: Int) {
        for tool in choices[choice].tools.indices where choices[choice].tools[tool].isOpen {
            if choices[choice].tools[tool].block == nil { beginTool(tool, choice) }
            choices[choice].tools[tool].isOpen = false
            openTools -= 1
            guard let block = choices[choice].tools[tool].block else { continue }
            pending.append(.event(.blockEnd(block: block, kind: .toolInput)))
        }
        if let open = choices[choice].open { pending.append(.event(.blockEnd(block: open.block, kind: open.kind))) }
        choices[choice].open = nil
    }

    // MARK: Writing events

    private mutating func write(_ data: Span<UInt8>, isFirst: Bool, into log: inout GenerationLog) {
        let isTelling = gatherExtras(data, isFirst: isFirst)
        if pending.isEmpty {
            // Nothing of ours is in it. What tells nothing either is dropped; the rest rides on an empty event.
            guard isTelling else { return }
            pending.append(.event(.foreign(dialect: .openAIChat, name: "chunk", bytes: [])))
        }
        let last = pending.count - 1
        for place in 0...last {
            let ends = place == last
            let carried = ends ? extras : nil
            switch pending[place] {
            case .event(let event): log.append(event, extras: carried, endsFrame: ends)
            case .delta(let block, let kind, let token):
                log.appendDelta(block: block, kind: kind, extras: carried, endsFrame: ends) {
                    token.appendUnescaped(from: data, to: &$0)
                }
            case .early(let block, let bytes):
                log.appendDelta(block: block, kind: .toolInput, extras: carried, endsFrame: ends) { $0 += bytes }
            }
        }
    }

    /// Puts this chunk's remaining members into `extras`; equal ones keep the copy of the frame before.
    ///
    /// - Returns: Whether any of them says more than null.
    private mutating func gatherExtras(_ data: Span<UInt8>, isFirst: Bool) -> Bool {
        scratch.removeAll(keepingCapacity: true)
        hasNewRole = false
        var (isTelling, isConstant) = (false, true)
        gatherChanged(chunk.idMember, chunk.id?.range, id, data)
        gatherChanged(chunk.modelMember, chunk.model?.range, model, data)
        gatherChanged(chunk.createdMember, chunk.created, created, data)
        for member in chunk.members {
            guard let place = owner(member, data), !chunk.isSaidElsewhere(member, data) else { continue }
            ChatExtras.append(member.anchor, place: place, raw: data.extracting(member.range), to: &scratch)
            isTelling = isTelling || !member.isEmpty
            if !member.isEmpty, member.anchor != .chunk { isConstant = false }
        }
        for part in chunk.choices {
            let place = choice(part.index)
            guard let role = part.role, !choices[place].hasRole else { continue }
            choices[place].hasRole = true
            hasNewRole = true
            ChatExtras.append(.delta, place: part.index, raw: data.extracting(role), to: &scratch)
            isTelling = true
        }
        for part in chunk.choices {
            guard let name = part.reasoningName, !name.equals("reasoning_content", in: data) else { continue }
            let quoted = name.range.lowerBound - 1..<name.range.upperBound + 1
            ChatExtras.append(.reasoningName, place: part.index, raw: data.extracting(quoted), to: &scratch)
        }
        for place in chunk.choices.indices {
            let part = chunk.choices[place]
            if let parts = part.contentParts {
                ChatExtras.append(.contentParts, place: part.index, raw: data.extracting(parts), to: &scratch)
                (isTelling, isConstant) = (true, false)
            } else if isBare(place) {
                ChatExtras.append(.mention, place: part.index, raw: data.extracting(0..<0), to: &scratch)
            }
        }
        if let usage = chunk.usage {
            ChatExtras.append(.usage, place: 0, raw: data.extracting(usage), to: &scratch)
        }
        // The first frame always carries extras: they tell the encoder whose grammar the roles follow.
        if scratch.isEmpty, !isFirst {
            extras = nil
        } else if extras?.bytes != scratch {
            extras = Extras(dialect: .openAIChat, bytes: Array(scratch), isConstant: isConstant)
        }
        return isTelling
    }

    /// Whether a choice stands in the chunk with nothing in it.
    private func isBare(_ place: Int) -> Bool {
        let part = chunk.choices[place]
        return !part.isTelling && part.finish == nil && part.role == nil
            && !chunk.toolCalls.contains { $0.choice == place }
            && !chunk.members.contains { $0.owner == place && ($0.anchor == .choice || $0.anchor == .delta) }
    }

    private mutating func gatherChanged(
        _ member: Range<Int>?, _ value: Range<Int>?, _ known: [UInt8], _ data: Span<UInt8>
    ) {
        guard let member else { return }
        let value = value ?? 0..<0
        var isEqual = value.count == known.count
        if isEqual {
            for place in 0..<value.count where data[value.lowerBound + place] != known[place] { isEqual = false }
        }
        if !isEqual { ChatExtras.append(.chunk, place: 0, raw: data.extracting(member), to: &scratch) }
    }

    private func owner(_ member: ChatChunk.Member, _ data: Span<UInt8>) -> Int? {
        switch member.anchor {
        case .choice, .delta: return chunk.choices[member.owner].index
        case .toolCall:
            let part = chunk.toolCalls[member.owner]
            let index = chunk.choices[part.choice].index
            guard let choice = choices.first(where: { $0.index == index }) else { return nil }
            return choice.tools.last { $0.index == part.index ?? $0.index }?.block
        case .chunk, .usage, .reasoningName, .contentParts, .mention, .error: return 0
        }
    }

    private static func bytes(_ range: Range<Int>?, _ data: Span<UInt8>) -> [UInt8] {
        guard let range else { return [] }
        return data.extracting(range).withUnsafeBufferPointer { Array($0) }
    }

    private static func unescaped(_ token: JSONStringToken, _ data: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        token.appendUnescaped(from: data, to: &bytes)
        return bytes
    }
}
