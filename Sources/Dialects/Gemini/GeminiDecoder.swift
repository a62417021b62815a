public import FreshetGeneration
public import FreshetPartialJSON

/// Reads the chunks of a `streamGenerateContent` answer (or one whole `GenerateContentResponse`) into a generation's
/// log.
///
/// One chunk becomes one or more events, the last of which ends the frame and carries the chunk itself, less its texts, so
/// that the encoder of this dialect can write the same chunk again.
///
/// What a candidate says comes one block after the other: at most one of its blocks is open, and a call besides whose
/// arguments come piece by piece. The end of their JSON is written only where the provider ended the call; what was cut
/// stays cut. A `thoughtSignature` closes
/// a block of reasoning: the one that is open, else an empty one of its own in front of the part that bears it.
public struct GeminiDecoder: ProviderDecoder {
    /// A call whose arguments are coming.
    struct OpenCall {
        var block: Int
        /// Nil where the provider gave none.
        var id: String?
        var arguments = GeminiArguments()
    }

    /// One candidate of the answer.
    struct Candidate {
        var index: Int
        /// The block of text or reasoning that is open.
        var open: (block: Int, kind: BlockKind)?
        /// The call whose arguments are coming.
        var call: OpenCall?
        var hasCalls = false
        var isFinished = false
        /// Calls of the provider's own tools whose results have not come.
        var waiting: [String] = []
        /// Whether the last thing it said is such a call: then more follows, whatever it says of a finish.
        var endsInCall = false
        /// What it has cited.
        var cited: Set<Citation> = []
        /// Bytes of text it has said.
        var textBytes = 0
        /// Of these, those before the block of text that is open.
        var blockBytes = 0
    }

    enum Pending {
        case event(GenerationEvent)
        case delta(block: Int, kind: BlockKind, candidate: Int, token: JSONStringToken)
        case bytes(block: Int, kind: BlockKind, [UInt8])
        /// Arguments as they stand in the chunk.
        case raw(block: Int, Range<Int>)
        /// Its places are still those in the candidate's whole text.
        case citation(block: Int, candidate: Int, Citation)
    }

    /// Calls of one answer; past it a chunk that begins another is broken.
    private static let callLimit = 1024

    private let route: String
    let generation: GenerationID
    private let expectedChoices: Int
    var chunk: GeminiChunk
    var candidates: [Candidate] = []
    var nextBlock = 0
    /// Events of the frame being written; the last of them ends it.
    var pending: [Pending] = []
    /// Texts and files of the chunk that events hold: where its raw bytes have gaps.
    var gaps: [Range<Int>] = []
    private var callCount = 0
    private var hasAttempt = false
    private var isBlocked = false
    private var usage = GeminiUsage()
    /// What the log was told of it.
    private var toldUsage: Usage?
    private var usageBytes: [UInt8] = []
    private var scratch: [UInt8] = []
    private var extras: Extras?
    private var repetition = FrameRepetition()
    /// Whose text a repetition's is.
    private var repeating = 0

    /// - Parameters:
    ///   - route: `provider/model`, for the attempt's event.
    ///   - generation: What ids are derived from where the provider gives none.
    ///   - choices: How many answers were asked for.
    ///   - firstBlock: The number of the next block in the log.
    ///   - limits: Of each frame's JSON.
    public init(
        route: String, generation: GenerationID, choices: Int = 1, firstBlock: Int = 0, limits: JSONLimits = .init()
    ) {
        chunk = GeminiChunk(limits: limits)
        (self.route, self.generation, nextBlock) = (route, generation, firstBlock)
        expectedChoices = choices
    }

    /// Whether a call's arguments are coming piece by piece.
    public var hasOpenToolCall: Bool { candidates.contains { $0.call != nil } }

    /// Reads a chunk or an error object. O(bytes).
    public mutating func decode(
        _ data: Span<UInt8>, into log: inout GenerationLog
    ) throws(FrameError) -> DecodedFrame {
        if let text = repetition.text(of: data) {
            let before = log.textBytes
            log.appendDelta(block: repetition.block, kind: repetition.kind, extras: extras) {
                text.appendUnescaped(from: data, to: &$0)
            }
            if repetition.kind == .text { candidates[repeating].textBytes += log.textBytes - before }
            return repetition.meaning
        }
        repetition.forget()
        var frame = DecodedFrame()
        if Self.isDone(data) {
            (frame.isDone, frame.isFinished) = (true, isFinished)
            return frame
        }
        try chunk.scan(data)
        if let failure = failure(data) {
            frame.failure = failure
            return frame
        }
        try checkCallCount()
        try takeCandidates(data)
        if chunk.blockReason != nil, !isBlocked {
            isBlocked = true
            pending.append(.event(.finish(choice: 0, reason: .contentFilter)))
        }
        for item in pending {
            if case .event(.finish(0, let reason)) = item { frame.finishReason = reason }
        }
        frame.hasContent = !pending.isEmpty && hasContent
        let report = takeUsage(data)
        if isFinished { tellUsage() }
        write(data, into: &log)
        frame.isFinished = isFinished
        frame.isComplete = isComplete
        frame.hasOpenToolCall = hasOpenToolCall
        keep(frame, data)
        if let report { frame.usage = report }
        return frame
    }

    /// Gemini has no end mark; servers that speak like it send Chat's.
    private static func isDone(_ data: Span<UInt8>) -> Bool {
        let mark: StaticString = "[DONE]"
        guard data.count == 6 else { return false }
        for place in 0..<6 where data[place] != mark.utf8Start[place] { return false }
        return true
    }

    /// An error, or what another of Google's dialects sends.
    private func failure(_ data: Span<UInt8>) -> ProviderFailure? {
        if let error = chunk.error { return GeminiFailure.reading(data.extracting(error)) }
        guard chunk.isInteraction, chunk.candidates.isEmpty else { return nil }
        let failure = GenerationFailure(
            code: .providerMalformed,
            message: "the provider speaks gemini-interactions, which is another dialect than gemini", isRetryable: false
        )
        var raw: [UInt8] = []
        GeminiFailure.append(failure, to: &raw)
        return ProviderFailure(failure: failure, raw: Array(raw.dropFirst(#"{"error":"#.utf8.count).dropLast()))
    }

    /// Keeps a frame that was one delta, if the same bytes would mean the same once more.
    private mutating func keep(_ frame: DecodedFrame, _ data: Span<UInt8>) {
        guard pending.count == 1, case .delta(let block, let kind, let candidate, let token) = pending[0],
            extras?.isConstant == true
        else { return }
        repeating = candidate
        repetition.keep(data, text: token, block: block, kind: kind, meaning: frame)
    }

    /// Refuses a chunk that begins more calls than one answer may have, before anything is taken from it.
    private mutating func checkCallCount() throws(FrameError) {
        var count = callCount
        for part in chunk.parts {
            switch part.content {
            case .call(let place): if chunk.calls[place].isBeginning { count += 1 }
            case .code, .toolCall: count += 1
            case .text, .codeResult, .toolResponse, .file: break
            }
        }
        guard count <= Self.callLimit else { throw .limitExceeded }
        callCount = count
    }

    /// A call whose arguments were coming ends as it came. Also tells of usage that the log was not told.
    public mutating func closeBlocks(in log: inout GenerationLog) {
        pending.removeAll(keepingCapacity: true)
        for place in candidates.indices { close(place, isWhole: false) }
        tellUsage()
        guard !pending.isEmpty else { return }
        scratch.removeAll(keepingCapacity: true)
        // What they end was told by chunks that came before.
        let nothing: [UInt8] = []
        GeminiExtras.append(.silent, raw: nothing.span, to: &scratch)
        append(nothing.span, Extras(dialect: .gemini, bytes: scratch, isConstant: false), to: &log)
    }

    private var isFinished: Bool { isBlocked || (!candidates.isEmpty && candidates.allSatisfy(\.isFinished)) }

    private var isComplete: Bool {
        isBlocked || (candidates.count >= expectedChoices && !candidates.contains(where: \.endsInCall))
    }

    /// Whether the chunk shows a reader anything: text, a call, a file or a finish.
    private var hasContent: Bool {
        pending.contains { item in
            switch item {
            case .delta, .bytes, .raw: true
            case .event(let event):
                switch event {
                case .blockStart(let start): start.kind == .toolInput
                case .finish, .file, .toolOutput: true
                default: false
                }
            case .citation: false
            }
        }
    }

    // MARK: Reading a chunk

    private mutating func begin(_ data: Span<UInt8>) {
        hasAttempt = true
        let attempt = Attempt(
            route: route, providerModel: chunk.model?.string(in: data), providerID: chunk.responseID?.string(in: data),
            providerCreated: chunk.createTime.flatMap { GeminiTime.seconds($0.string(in: data)) })
        pending.append(.event(.attempt(attempt)))
    }

    /// A chunk that is refused leaves no trace; only those with calls are.
    private mutating func takeCandidates(_ data: Span<UInt8>) throws(FrameError) {
        pending.removeAll(keepingCapacity: true)
        gaps.removeAll(keepingCapacity: true)
        let before = chunk.calls.isEmpty ? nil : self
        do {
            if !hasAttempt { begin(data) }
            for place in chunk.candidates.indices { try take(place, data) }
        } catch {
            if let before { self = before }
            throw error
        }
    }

    private mutating func take(_ place: Int, _ data: Span<UInt8>) throws(FrameError) {
        let said = chunk.candidates[place]
        let candidate = candidate(said.index)
        var citations: [Citation] = []
        for range in [said.citations, said.grounding] {
            guard let range else { continue }
            GeminiCitations.read(data.extracting(range), known: &candidates[candidate].cited, into: &citations)
        }
        let before = pending.count
        for part in said.parts { try show(chunk.parts[part], candidate, &citations, data) }
        if !citations.isEmpty {
            if candidates[candidate].open?.kind != .text { begin(.text, candidate) }
            cite(&citations, candidate)
        }
        let isTelling = pending.count > before
        if let finish = said.finish,
            let reason = GeminiFinish.reason(data.extracting(finish), hasCalls: candidates[candidate].hasCalls)
        {
            // Of STOP the calls are whole, of anything else they are cut.
            close(candidate, isWhole: reason == .stop || reason == .toolCalls)
            candidates[candidate].isFinished = true
            pending.append(.event(.finish(choice: said.index, reason: reason)))
        } else if isTelling {
            // It goes on behind its finish.
            candidates[candidate].isFinished = false
        }
    }

    private mutating func candidate(_ index: Int) -> Int {
        if let place = candidates.firstIndex(where: { $0.index == index }) { return place }
        candidates.append(Candidate(index: index))
        return candidates.count - 1
    }

    /// - Returns: The counts, where they are others than before.
    private mutating func takeUsage(_ data: Span<UInt8>) -> Usage? {
        guard let range = chunk.usage, !usageBytes.span.equals(data.extracting(range)) else { return nil }
        usageBytes.removeAll(keepingCapacity: true)
        data.extracting(range).withUnsafeBufferPointer { usageBytes.append(contentsOf: $0) }
        let before = usage
        usage.merge(range, data)
        return usage == before ? nil : usage.usage
    }

    /// The log is told with the finish: its reports are merged by the larger counts, and until then they may sink.
    private mutating func tellUsage() {
        guard let counts = usage.usage, toldUsage != counts else { return }
        pending.append(.event(.usage(counts)))
        toldUsage = counts
    }

    // MARK: Writing events

    private mutating func write(_ data: Span<UInt8>, into log: inout GenerationLog) {
        var isConstant = false
        if pending.count == 1, case .delta = pending[0] { isConstant = !chunk.hasLogprobs }
        gatherExtras(data, isConstant: isConstant)
        if pending.isEmpty {
            // Nothing of ours is in it: the chunk rides on an empty event.
            pending.append(.event(.foreign(dialect: .gemini, name: "chunk", bytes: [])))
        }
        append(data, extras, to: &log)
    }

    private mutating func append(_ data: Span<UInt8>, _ extras: Extras?, to log: inout GenerationLog) {
        let last = pending.count - 1
        for place in 0...last {
            let ends = place == last
            let carried = ends ? extras : nil
            switch pending[place] {
            case .event(let event):
                if case .blockStart(let start) = event, start.kind == .text {
                    let candidate = candidate(start.choice)
                    candidates[candidate].blockBytes = candidates[candidate].textBytes
                }
                log.append(event, extras: carried, endsFrame: ends)
            case .delta(let block, let kind, let candidate, let token):
                let before = log.textBytes
                log.appendDelta(block: block, kind: kind, extras: carried, endsFrame: ends) {
                    token.appendUnescaped(from: data, to: &$0)
                }
                if kind == .text { candidates[candidate].textBytes += log.textBytes - before }
            case .bytes(let block, let kind, let bytes):
                log.appendDelta(block: block, kind: kind, extras: carried, endsFrame: ends) { $0 += bytes }
            case .raw(let block, let range):
                log.appendDelta(block: block, kind: .toolInput, extras: carried, endsFrame: ends) {
                    $0.appendJSON(raw: data.extracting(range))
                }
            case .citation(let block, let candidate, let citation):
                let placed = placed(citation, candidate)
                log.append(.citation(block: block, placed), extras: carried, endsFrame: ends)
            }
        }
    }

    /// The same with its places counted in its block's text; without them where it speaks of a block before.
    private func placed(_ citation: Citation, _ candidate: Int) -> Citation {
        var citation = citation
        let before = candidates[candidate].blockBytes
        guard before > 0, let start = citation.start else { return citation }
        let isHere = start >= before
        citation.start = isHere ? start - before : nil
        citation.end = isHere ? citation.end.map { max(0, $0 - before) } : nil
        return citation
    }

    /// Puts the chunk into `extras`; one that equals the one before keeps its copy.
    private mutating func gatherExtras(_ data: Span<UInt8>, isConstant: Bool) {
        scratch.removeAll(keepingCapacity: true)
        // A part that is a file and text besides may have them in another order than the events.
        let isOrdered = zip(gaps, gaps.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
        if !isOrdered { gaps.removeAll(keepingCapacity: true) }
        var start = 0
        for gap in gaps {
            GeminiExtras.append(.raw, raw: data.extracting(start..<gap.lowerBound), to: &scratch)
            start = gap.upperBound
        }
        GeminiExtras.append(.raw, raw: data.extracting(start..<data.count), to: &scratch)
        if extras?.isConstant != isConstant || extras?.bytes != scratch {
            extras = Extras(dialect: .gemini, bytes: Array(scratch), isConstant: isConstant)
        }
    }
}
