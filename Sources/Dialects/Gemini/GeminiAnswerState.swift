import FreshetGeneration
import FreshetPartialJSON

/// What the Gemini encoder must remember of an answer: a fold of its events.
///
/// Each candidate says one block after the other: what belongs to a later block is held back until the blocks before it
/// have ended, and a call until its arguments are whole. A signature waits for the part behind its reasoning.
struct GeminiAnswerState {
    struct Block {
        var start: BlockStart
        /// Its choice's place.
        var choice: Int
        var isOpen = true
        /// Text that may not be written yet; of a call, its arguments.
        var held: [UInt8] = []
        /// Bytes of its text, written or held.
        var count = 0
        var signature: Signature?
        var citations: [Citation] = []
    }

    struct Choice {
        var index: Int
        /// Blocks that are not written to their end, in order.
        var queue: [Int] = []
        /// Of the reasoning behind which no part was written yet.
        var signature: Signature?
        var finish: FinishReason?
        /// The provider's own chunks told of the finish.
        var isFinishWritten = false
    }

    private(set) var blocks: [Block] = []
    private(set) var choices: [Choice] = []
    private var start: GenerationStart?
    private var attempt: Attempt?
    /// `"modelVersion":…,"responseId":…}`, ready to be written.
    private var tail: [UInt8] = []

    init() {}

    init(resuming fold: GenerationFold) {
        if let start = fold.start { begin(start) }
        if let attempt = fold.attempt { begin(attempt) }
        var (text, parts): ([UInt8], [(choice: Int, GeminiPart)]) = ([], [])
        for block in fold.blocks {
            begin(block.start)
            text.removeAll(keepingCapacity: true)
            text += block.bytes
            say(block.start.block, 0..<text.count, &text, &parts)
            if let signature = block.signature { sign(block.start.block, signature) }
            for citation in block.citations { cite(block.start.block, citation) }
            if !block.isOpen { end(block.start.block, &text, &parts) }
        }
        for finish in fold.finishes { self.finish(finish.choice, finish.reason) }
        if fold.attemptSource == .gemini { settle(isMidFrame: fold.isMidFrame) }
    }

    /// All of it was told by the provider's own chunks, but for what their encoder writes only at a frame's end.
    private mutating func settle(isMidFrame: Bool) {
        for choice in choices.indices where !isMidFrame {
            choices[choice].signature = nil
            choices[choice].isFinishWritten = choices[choice].finish != nil
        }
        for block in blocks.indices {
            blocks[block].citations = []
            if !isMidFrame || blocks[block].start.kind != .toolInput { blocks[block].held = [] }
        }
    }

    // MARK: Events

    mutating func begin(_ start: GenerationStart) {
        self.start = start
        tail = []
    }

    /// A later attempt changes nothing of what was told.
    mutating func begin(_ attempt: Attempt) {
        guard self.attempt == nil else { return }
        self.attempt = attempt
        tail = []
    }

    mutating func begin(_ start: BlockStart) {
        guard start.block == blocks.count else { return }
        let choice = choice(start.choice)
        blocks.append(Block(start: start, choice: choice))
        if start.kind != .toolInput || start.isClientCall { choices[choice].queue.append(start.block) }
    }

    /// Whether text of this block may be written as it comes, with nothing before it.
    func isPlain(_ block: Int, _ text: Span<UInt8>) -> Bool {
        guard blocks.indices.contains(block), blocks[block].start.kind != .toolInput, blocks[block].held.isEmpty else {
            return false
        }
        let choice = choices[blocks[block].choice]
        return choice.queue.first == block && choice.signature == nil && !Self.hasSurrogate(text)
    }

    private static func hasSurrogate(_ text: Span<UInt8>) -> Bool {
        for place in text.indices where text[place] == 0xED && place + 1 < text.count && text[place + 1] >= 0xA0 {
            return true
        }
        return false
    }

    /// Counts text that was written.
    mutating func count(_ bytes: Int, of block: Int) { blocks[block].count += bytes }

    mutating func say(
        _ block: Int, _ range: Range<Int>, _ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]
    ) {
        guard blocks.indices.contains(block), !range.isEmpty, !blocks[block].start.isProviderExecuted else { return }
        blocks[block].count += range.count
        WTF8.append(text.span.extracting(range), to: &blocks[block].held)
        if choices[blocks[block].choice].queue.first == block { release(block, &text, &parts) }
    }

    /// Writes text that was held back, but for half a character at its end: readers take each chunk for whole text.
    private mutating func release(_ block: Int, _ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]) {
        guard blocks[block].start.kind != .toolInput else { return }
        var half: [UInt8] = []
        if WTF8.endsInHighSurrogate(blocks[block].held) {
            half = Array(blocks[block].held.suffix(3))
            blocks[block].held.removeLast(3)
        }
        write(blocks[block].held, of: block, &text, &parts)
        blocks[block].held = half
    }

    private mutating func write(
        _ said: [UInt8], of block: Int, _ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]
    ) {
        guard !said.isEmpty else { return }
        let range = text.count..<text.count + said.count
        text += said
        for place in range.dropLast(2) where text[place] == 0xED && text[place + 1] >= 0xA0 {
            (text[place], text[place + 1], text[place + 2]) = (0xEF, 0xBF, 0xBD)  // a half without the other
        }
        let choice = blocks[block].choice
        let isThought = blocks[block].start.kind == .reasoning
        if isThought { flush(choice, &parts) }
        parts.append((choice, .text(range, isThought: isThought, choices[choice].signature)))
        choices[choice].signature = nil
    }

    /// Writes the signature that waits.
    private mutating func flush(_ choice: Int, _ parts: inout [(choice: Int, GeminiPart)]) {
        guard let signature = choices[choice].signature else { return }
        parts.append((choice, .signature(signature)))
        choices[choice].signature = nil
    }

    mutating func sign(_ block: Int, _ signature: Signature) {
        if blocks.indices.contains(block) { blocks[block].signature = signature }
    }

    mutating func cite(_ block: Int, _ citation: Citation) {
        if blocks.indices.contains(block) { blocks[block].citations.append(citation) }
    }

    mutating func end(_ block: Int, _ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]) {
        guard blocks.indices.contains(block) else { return }
        blocks[block].isOpen = false
        let choice = blocks[block].choice
        var ended = 0
        while ended < choices[choice].queue.count, !blocks[choices[choice].queue[ended]].isOpen {
            complete(choices[choice].queue[ended], &text, &parts)
            ended += 1
            if ended < choices[choice].queue.count { release(choices[choice].queue[ended], &text, &parts) }
        }
        choices[choice].queue.removeFirst(ended)
    }

    /// Writes what may only be written at a block's end.
    private mutating func complete(_ block: Int, _ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]) {
        let choice = blocks[block].choice
        if blocks[block].start.kind != .toolInput {
            write(blocks[block].held, of: block, &text, &parts)
            blocks[block].held = []
        }
        switch blocks[block].start.kind {
        case .text, .refusal: break
        case .reasoning:
            guard let signature = blocks[block].signature else { return }
            flush(choice, &parts)
            choices[choice].signature = signature
        case .toolInput:
            parts.append((choice, .call(block, choices[choice].signature)))
            choices[choice].signature = nil
        }
    }

    /// Files belong to no block, and to the first choice.
    mutating func show(_ file: GeneratedFile, _ parts: inout [(choice: Int, GeminiPart)]) {
        parts.append((choice(0), .file(file)))
    }

    mutating func finish(_ index: Int, _ reason: FinishReason) {
        let choice = choice(index)
        choices[choice].finish = reason
    }

    /// What was said of a block was told by the provider's own chunks.
    mutating func settle(_ block: Int) {
        guard blocks.indices.contains(block) else { return }
        (blocks[block].held, blocks[block].citations) = ([], [])
        choices[blocks[block].choice].signature = nil
    }

    /// A choice's finish was told by the provider's own chunks.
    mutating func settle(finishOf index: Int) {
        let choice = choice(index)
        choices[choice].isFinishWritten = true
    }

    /// Writes text that waits for other blocks to end.
    mutating func releaseTexts(_ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]) {
        for choice in choices.indices { for block in choices[choice].queue { release(block, &text, &parts) } }
    }

    /// Writes what is still held at the answer's end; calls that were cut are none.
    mutating func drain(_ text: inout [UInt8], _ parts: inout [(choice: Int, GeminiPart)]) {
        _ = choice(0)  // also when it said nothing
        for choice in choices.indices {
            for block in choices[choice].queue {
                release(block, &text, &parts)
                if blocks[block].start.kind != .toolInput || !blocks[block].isOpen {
                    complete(block, &text, &parts)
                }
            }
            choices[choice].queue = []
            flush(choice, &parts)
        }
    }

    private mutating func choice(_ index: Int) -> Int {
        if let place = choices.firstIndex(where: { $0.index == index }) { return place }
        choices.append(Choice(index: index))
        return choices.count - 1
    }

    func index(of block: Int) -> Int { choices[blocks[block].choice].index }

    /// What a choice cites, each with how many bytes of text it said before the block that cites.
    func citations(of choice: Int) -> [(before: Int, Citation)] {
        var (citations, before): ([(Int, Citation)], Int) = ([], 0)
        for block in blocks where block.choice == choice {
            for citation in block.citations { citations.append((before, citation)) }
            if block.start.kind == .text || block.start.kind == .refusal { before += block.count }
        }
        return citations
    }

    // MARK: What every chunk ends with

    /// Appends `,"modelVersion":…,"responseId":…}`: what the provider said of itself, else what the generation says.
    mutating func appendTail(to out: inout [UInt8]) {
        if tail.isEmpty {
            tail += ",\"modelVersion\":".utf8
            tail.appendJSON(string: attempt?.providerModel ?? start?.model ?? "")
            tail += ",\"responseId\":".utf8
            tail.appendJSON(string: attempt?.providerID ?? start.map { String(describing: $0.id) } ?? "")
            tail.append(0x7D)
        }
        out += tail
    }
}
