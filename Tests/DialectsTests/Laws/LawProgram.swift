import FreshetDialects
import FreshetGeneration
import FreshetTestSupport

/// A random generation: everything one may hold, in an order the grammar allows.
///
/// Of even seeds the events are made as they are, as a provider of another dialect or a tool would; of odd seeds they are
/// what the Chat decoder makes of random chunks, with the members such chunks carry.
struct LawProgram {
    let seed: Int
    /// How many answers were asked for.
    let choices: Int
    let generation: GenerationID
    private(set) var log = GenerationLog()
    /// The events at which a frame ends: where a reader may be cut off.
    private(set) var frameEnds: [UInt64] = [0]
    private var numbers: SeededGenerator

    init(seed: Int, choices: Int) {
        (self.seed, self.choices) = (seed, choices)
        numbers = SeededGenerator(seed: UInt64(seed))
        generation = GenerationID(milliseconds: 1_763_650_000_000 + UInt64(seed), random: (1, UInt64(seed)))
        append(
            .generationStart(
                GenerationStart(id: generation, model: "fast", createdMilliseconds: generation.milliseconds)))
        if chance(20) {
            end()
        } else if seed.isMultiple(of: 2) {
            makeEvents()
        } else {
            makeChunks()
        }
    }

    // MARK: Chance

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &numbers) == 0 }
    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
    private mutating func one<Element>(of elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &numbers)]
    }

    // MARK: Appending

    private mutating func append(_ event: GenerationEvent, extras: Extras? = nil) {
        log.append(event, extras: extras)
        frameEnds.append(log.lastSequence)
    }

    /// A frame of several events.
    private mutating func append(frame: [Step], extras: Extras?) {
        for (place, step) in frame.enumerated() {
            let ends = place == frame.count - 1
            switch step {
            case .event(let event): log.append(event, extras: ends ? extras : nil, endsFrame: ends)
            case .delta(let block, let kind, let bytes):
                log.appendDelta(block: block, kind: kind, extras: ends ? extras : nil, endsFrame: ends) { $0 += bytes }
            }
        }
        if !frame.isEmpty { frameEnds.append(log.lastSequence) }
    }

    private enum Step {
        case event(GenerationEvent)
        case delta(block: Int, kind: BlockKind, [UInt8])
    }

    /// What may stand between any two frames.
    private mutating func aside() {
        switch number(0...9) {
        case 0: append(.notice(code: "frame_skipped", message: LawText.words(2, &numbers)))
        case 1: append(.progress(fraction: chance(2) ? nil : 0.25, status: LawText.words(1, &numbers)))
        case 2: append(.toolOutput(callID: "call_x", result: Array("{\"a\":\n[1.50]}".utf8)))
        case 3: append(.attempt(Attempt(route: "other/model", providerModel: "other", providerID: "other")))
        case 4 where seed.isMultiple(of: 2): append(.file(GeneratedFile(mediaType: "image/png", data: "iVBORw0KGgo=")))
        default: break
        }
    }

    private mutating func signature(isRedacted: Bool = false) -> Signature {
        Signature(dialect: one(of: [.anthropic, .gemini]), value: "sig+/a\(number(10...99))", isRedacted: isRedacted)
    }

    private mutating func usage() -> Usage {
        var usage = Usage(inputTokens: chance(2) ? nil : Int64(number(0...9)), outputTokens: Int64(number(0...99)))
        if chance(2) { usage.reasoningTokens = 3 }
        return usage
    }

    // MARK: Events as they are

    private struct Open {
        var start: BlockStart
        var rest: [[UInt8]]
        /// Its last piece ended in the middle of a character.
        var isHalf = false
    }

    private mutating func makeEvents() {
        let attempt = Attempt(
            route: "a/b", providerModel: chance(2) ? "big" : nil, providerID: chance(2) ? "resp_1" : nil,
            providerCreated: chance(2) ? 1_763_650_001 : nil)
        append(.attempt(attempt))
        var (open, blocks): ([Open], Int) = ([], 0)
        for _ in 0..<number(1...25) {
            var frame: [Step] = []
            for _ in 0..<(chance(3) ? number(2...5) : 1) { frame.append(contentsOf: step(&open, &blocks)) }
            // Members of a provider of this dialect, of which nothing is left to write.
            let reportsUsage = frame.contains { if case .event(.usage) = $0 { true } else { false } }
            let hasExtras = !reportsUsage && chance(6)
            append(
                frame: frame, extras: hasExtras ? Extras(dialect: .openAIChat, bytes: [], isConstant: chance(2)) : nil)
            aside()
        }
        finish(&open)
    }

    private mutating func step(_ open: inout [Open], _ blocks: inout Int) -> [Step] {
        switch number(0...9) {
        case 0 where chance(6):
            // Reasoning of which nothing is shown.
            let start = BlockStart(block: blocks, kind: .reasoning, choice: number(0...choices - 1))
            blocks += 1
            return [
                .event(.blockStart(start)), .event(.signature(block: start.block, signature(isRedacted: chance(2)))),
                .event(.blockEnd(block: start.block, kind: .reasoning)),
            ]
        case 0, 1:
            let kind = one(of: BlockKind.allCases)
            let text = kind == .toolInput ? LawText.arguments(&numbers) : LawText.words(8, &numbers)
            var start = BlockStart(block: blocks, kind: kind, choice: number(0...choices - 1))
            if kind == .toolInput { (start.callID, start.name) = ("call_\(blocks)", one(of: ["search", "now", "寻"])) }
            start.isProviderExecuted = kind == .toolInput && chance(4)
            open.append(Open(start: start, rest: LawText.pieces(text, &numbers)))
            blocks += 1
            return [.event(.blockStart(start))]
        case 2:
            let ready = open.indices.filter { open[$0].rest.isEmpty }
            guard !ready.isEmpty else { return [] }
            let start = open.remove(at: one(of: ready)).start
            let end = Step.event(.blockEnd(block: start.block, kind: start.kind))
            guard start.kind == .reasoning, chance(2) else { return [end] }
            return [.event(.signature(block: start.block, signature())), end]
        case 3: return chance(3) ? [.event(.usage(usage()))] : []
        case 4 where chance(3):
            guard let cited = open.first(where: { $0.start.kind == .text && !$0.isHalf }) else { return [] }
            let citation = Citation(url: "https://example.org/\(number(0...9))", title: chance(2) ? "A title" : nil)
            return [.event(.citation(block: cited.start.block, citation))]
        case 4: return chance(3) ? [.event(.foreign(dialect: .openAIChat, name: "chunk", bytes: []))] : []
        default:
            // Text of all kinds is one text to some readers: the other half of a character comes before more of it.
            let isHalf = open.contains { $0.isHalf && $0.start.kind != .toolInput }
            let ready = open.indices.filter {
                !open[$0].rest.isEmpty && (!isHalf || open[$0].isHalf || open[$0].start.kind == .toolInput)
            }
            guard !ready.isEmpty else { return [] }
            let place = one(of: ready)
            open[place].isHalf = WTF8.endsInHighSurrogate(open[place].rest[0])
            let start = open[place].start
            return [.delta(block: start.block, kind: start.kind, open[place].rest.removeFirst())]
        }
    }

    private mutating func finish(_ open: inout [Open]) {
        guard chance(2) || chance(2) else { return end() }
        for block in open.sorted(by: { $0.isHalf && !$1.isHalf }) {
            for piece in block.rest {
                append(frame: [.delta(block: block.start.block, kind: block.start.kind, piece)], extras: nil)
            }
            append(.blockEnd(block: block.start.block, kind: block.start.kind))
        }
        for choice in 0..<choices {
            append(.finish(choice: choice, reason: one(of: [.stop, .length, .toolCalls, .unrecognized("eos")])))
        }
        if chance(2) { append(.usage(usage())) }
        succeed()
    }

    // MARK: What the Chat decoder makes of chunks

    private mutating func makeChunks() {
        var chunks = LawChunks(choices: choices, numbers: numbers)
        var decoder = OpenAIChatDecoder(route: "openai/big", generation: generation)
        let isWhole = !chance(5)
        let frames = chunks.frames()
        numbers = chunks.numbers
        for frame in isWhole ? frames[...] : frames.prefix(number(2...max(2, frames.count))) {
            let before = log.lastSequence
            guard let decoded = try? decoder.decode(frame.utf8.span, into: &log) else { continue }
            if log.lastSequence > before { frameEnds.append(log.lastSequence) }
            guard !decoded.isDone else { break }
            aside()
        }
        guard isWhole else { return end() }
        decoder.closeBlocks(in: &log)
        frameEnds.append(log.lastSequence)
        succeed()
    }

    // MARK: Ends

    private mutating func succeed() {
        let fold = log.fold()
        let reason = fold.finishes.first { $0.choice == 0 }?.reason
        append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: reason, usage: fold.usage)))
    }

    /// An end before the model's own.
    private mutating func end() {
        let failure = GenerationFailure(
            code: .providerTruncated, message: "the stream ended 🙂", isRetryable: true, parameter: chance(2) ? "n" : nil
        )
        switch number(0...4) {
        case 0 where !hasFinish: append(.generationEnd(GenerationEnd(outcome: .stopped, usage: log.fold().usage)))
        case 1 where !hasFinish:
            var estimate = Usage(inputTokens: nil, outputTokens: 5)
            estimate.isEstimate = true
            append(.generationEnd(GenerationEnd(outcome: .overBudget, usage: log.fold().usage ?? estimate)))
        case 2: append(.generationEnd(GenerationEnd(outcome: .interrupted, failure: failure)))
        default:
            let raw: Extras? = chance(2) ? .error(Array("{\"message\":\"no\",\"code\":7}".utf8), in: .openAIChat) : nil
            append(.generationEnd(GenerationEnd(outcome: .failed, failure: failure)), extras: raw)
        }
    }

    private var hasFinish: Bool { !log.fold().finishes.isEmpty }
}
