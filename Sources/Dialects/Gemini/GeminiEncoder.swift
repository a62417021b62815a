public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation as a `streamGenerateContent` stream.
///
/// Chunks of a Gemini provider are written as they came. Of any other answer the chunks are ours: text and thoughts as
/// they come, calls whole, the finish and the usage in the last chunk. There is no end mark: the body ends.
public struct GeminiEncoder: StreamEncoder {
    private var output: FrameOutput
    private var state: GeminiAnswerState
    private var frame = GeminiFrame()
    private var parts: [(choice: Int, GeminiPart)] = []
    private var usage: Usage?
    /// Whether a frame may be the bytes of another: neither a cursor nor a comma stands in it.
    private let mayRepeat: Bool
    /// Whether an error stands in the stream without `data:`; not for other clients than Google's, which pass that over.
    private let hasBareErrors: Bool
    private var template = DeltaTemplate()
    /// Of the last frame that was one delta.
    private var lastExtras: Extras?
    /// Whether the frame that is gathered began before this encoder: its raw chunk says too much, so its rest is written
    /// in chunks of ours.
    private var isRest = false

    /// As it was made.
    public var framing: Framing { output.framing }

    /// - Parameters:
    ///   - framing: Server-sent events, JSON lines, or one array.
    ///   - cursors: Gives each server-sent event its cursor in this generation, for clients that may come back. Google's
    ///     own client takes lines that are no data for errors: it is never given any.
    public init(framing: Framing = .eventStreamCRLF, cursors: GenerationID? = nil) {
        self.init(framing: framing, cursors: cursors, resuming: GenerationFold())
    }

    /// An encoder that goes on behind the events that `fold` holds.
    ///
    /// - Parameters:
    ///   - framing: As above.
    ///   - cursors: As above.
    ///   - fold: Of the events that the client has.
    public init(framing: Framing = .eventStreamCRLF, cursors: GenerationID? = nil, resuming fold: GenerationFold) {
        output = FrameOutput(framing, cursors: cursors)
        state = GeminiAnswerState(resuming: fold)
        usage = fold.usage
        isRest = fold.isMidFrame
        hasBareErrors = framing == .eventStreamCRLF && cursors == nil
        mayRepeat = framing != .jsonArray && (cursors == nil || !framing.isEventStream)
    }

    /// Only after success: a client that takes the end of bytes for the end of the answer must see a failure as a cut.
    public func endsCleanly(after outcome: Outcome) -> Bool { outcome.isSuccess }

    /// None over server-sent events: Google's own clients take a comment for an error, and the older one for JavaScript
    /// finds no event behind a blank line.
    public var heartbeat: [UInt8] { framing.isEventStream ? [] : framing.heartbeat }

    /// Gathers events up to the end of the provider's frame, then writes one chunk, or none.
    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        output.beginEvent(item.last, from: item.first)
        switch item.body {
        case .delta(let block, let kind):
            if item.endsFrame, frame.isEmpty, !isRest, writeAlone(block, kind, item.extras, payload, into: &out) {
                return
            }
            frame.add(delta: block, payload)
        case .event(.generationEnd(let end)): return finish(end, item, into: &out)
        case .event(let event): frame.add(event)
        }
        if item.endsFrame { close(item.extras, into: &out) }
    }

    /// Takes a frame that is one piece of text and would be a chunk of ours, for whoever gathers instead of writing.
    ///
    /// - Returns: Who says it, and whether it is a thought; nil where the frame has to be encoded.
    mutating func takeAlone(_ item: LoggedEvent, _ payload: Span<UInt8>) -> (index: Int, isThought: Bool)? {
        guard case .delta(let block, let kind) = item.body, item.endsFrame, frame.isEmpty, !isRest,
            raw(item.extras) == nil, state.isPlain(block, payload)
        else { return nil }
        state.count(payload.count, of: block)
        return (state.index(of: block), kind == .reasoning)
    }

    /// Writes a frame that is one delta, as nearly all are.
    ///
    /// - Returns: false when there is more to it; nothing was written then.
    private mutating func writeAlone(
        _ block: Int, _ kind: BlockKind, _ extras: Extras?, _ payload: Span<UInt8>, into out: inout [UInt8]
    ) -> Bool {
        if let raw = raw(extras) {
            guard kind != .toolInput else { return false }
            writeAlone(raw, extras, block, payload, into: &out)
            return true
        }
        guard state.isPlain(block, payload) else { return false }
        state.count(payload.count, of: block)
        if template.matches(block: block, extras: nil) {
            template.write(payload, into: &out)
            return true
        }
        let start = out.count
        output.open("", &out)
        GeminiChunkWriter.appendHead(isThought: kind == .reasoning, to: &out)
        let hole = out.count
        out.appendJSON(stringContent: payload)
        let end = out.count
        GeminiChunkWriter.appendFoot(index: state.index(of: block), to: &out)
        state.appendTail(to: &out)
        output.close(&out)
        if mayRepeat {
            template = DeltaTemplate(block: block, extras: nil, frame: out[start...], hole: hole..<end, at: start)
        }
        return true
    }

    /// The same for a frame of this dialect: its bytes are copied around the text, from one place once they repeat.
    private mutating func writeAlone(
        _ raw: [UInt8], _ extras: Extras?, _ block: Int, _ payload: Span<UInt8>, into out: inout [UInt8]
    ) {
        if template.matches(block: block, extras: extras) { return template.write(payload, into: &out) }
        let start = out.count
        var hole = 0..<0
        output.open("", &out)
        var isFirst = true
        GeminiExtras.forEach(raw) { _, _, range in
            if !isFirst {
                let begin = out.count
                out.appendJSON(stringContent: payload)
                hole = begin..<out.count
            }
            isFirst = false
            out.appendJSON(raw: raw.span.extracting(range))
        }
        output.close(&out)
        if mayRepeat, !hole.isEmpty, lastExtras == extras {
            template = DeltaTemplate(block: block, extras: extras, frame: out[start...], hole: hole, at: start)
        }
        lastExtras = extras
    }

    /// The bytes of extras that hold a chunk of this dialect.
    private func raw(_ extras: Extras?) -> [UInt8]? {
        guard let extras, extras.dialect == .gemini, let first = extras.bytes.first,
            GeminiAnchor(rawValue: first) != nil
        else { return nil }
        return extras.bytes
    }

    /// Writes the frame that ends here, if there is anything in it for this client.
    private mutating func close(_ extras: Extras?, into out: inout [UInt8]) {
        defer {
            frame.clear()
            isRest = false
        }
        parts.removeAll(keepingCapacity: true)
        let raw = raw(extras)
        if let raw, !isRest { writeRaw(raw, into: &out) }
        takeSteps()
        if raw != nil {
            guard isRest else { return settle() }
            // The chunks behind it do not wait for what is held.
            state.releaseTexts(&frame.text, &parts)
        }
        guard !parts.isEmpty else { return }
        output.open("", &out)
        GeminiChunkWriter.appendCandidates(parts, frame.text, finishes: [:], state, to: &out)
        state.appendTail(to: &out)
        output.close(&out)
    }

    /// Writes a provider's chunk again, its gaps filled with what the frame's events say.
    private mutating func writeRaw(_ raw: [UInt8], into out: inout [UInt8]) {
        guard raw.first == GeminiAnchor.raw.rawValue else { return }
        output.open("", &out)
        var (step, isFirst) = (0, true)
        GeminiExtras.forEach(raw) { _, _, range in
            if !isFirst { fill(&step, &out) }
            isFirst = false
            out.appendJSON(raw: raw.span.extracting(range))
        }
        output.close(&out)
    }

    /// Fills a gap with the next text or file.
    private func fill(_ step: inout Int, _ out: inout [UInt8]) {
        while step < frame.steps.count {
            defer { step += 1 }
            switch frame.steps[step] {
            case .delta(let block, let range):
                guard !isCall(block) else { continue }
                return out.appendJSON(stringContent: frame.text.span.extracting(range))
            case .event(.file(let file)):
                guard file.url == nil else { continue }
                return out.appendJSON(stringContent: file.data)
            case .event: continue
            }
        }
    }

    /// Whether a block holds a call: of those that began before, or in this frame.
    private func isCall(_ block: Int) -> Bool {
        if state.blocks.indices.contains(block) { return state.blocks[block].start.kind == .toolInput }
        for case .event(.blockStart(let start)) in frame.steps where start.block == block {
            return start.kind == .toolInput
        }
        return false
    }

    private mutating func takeSteps() {
        for place in frame.steps.indices {
            switch frame.steps[place] {
            case .delta(let block, let range): state.say(block, range, &frame.text, &parts)
            case .event(let event): take(event)
            }
        }
    }

    /// All that the frame says was told by the provider's own chunk.
    private mutating func settle() {
        for step in frame.steps {
            switch step {
            case .delta(let block, _), .event(.blockEnd(let block, _)), .event(.signature(let block, _)),
                .event(.citation(let block, _)):
                state.settle(block)
            case .event(.finish(let choice, _)): state.settle(finishOf: choice)
            case .event: break
            }
        }
    }

    private mutating func take(_ event: GenerationEvent) {
        switch event {
        case .generationStart(let start): state.begin(start)
        case .attempt(let attempt): state.begin(attempt)
        case .blockStart(let start): state.begin(start)
        case .blockEnd(let block, _): state.end(block, &frame.text, &parts)
        case .signature(let block, let signature): state.sign(block, signature)
        case .citation(let block, let citation): state.cite(block, citation)
        case .file(let file): state.show(file, &parts)
        case .finish(let choice, let reason): state.finish(choice, reason)
        case .usage(let report): merge(report)
        case .blockDelta, .progress, .toolOutput, .notice, .foreign, .generationEnd: break
        }
    }

    private mutating func merge(_ report: Usage) {
        var merged = usage ?? Usage()
        merged.merge(report)
        usage = merged
    }

    // MARK: The end

    private mutating func finish(_ end: GenerationEnd, _ item: LoggedEvent, into out: inout [UInt8]) {
        if let failure = end.failure {
            // A frame that was cut belongs to the events before.
            output.beginEvent(item.last &- 1, from: item.last &- 1)
            close(nil, into: &out)
            output.beginEvent(item.last, from: item.first)
            // As Google sends it: its client for JavaScript knows no other.
            if hasBareErrors { output.openBare(&out) } else { output.open("", &out) }
            if let raw = item.extras?.error(of: .gemini) {
                GeminiFailure.append(raw: raw, to: &out)
            } else {
                GeminiFailure.append(failure, to: &out)
            }
            output.close(&out)
            return output.end(&out)
        }
        parts.removeAll(keepingCapacity: true)
        takeSteps()
        state.drain(&frame.text, &parts)
        var finishes: [Int: FinishReason] = [:]
        for (place, choice) in state.choices.enumerated() where !choice.isFinishWritten {
            finishes[place] = choice.finish ?? reason(of: end)
        }
        if !finishes.isEmpty || !parts.isEmpty { writeLast(finishes, end.usage ?? usage, into: &out) }
        frame.clear()
        output.end(&out)
    }

    private func reason(of end: GenerationEnd) -> FinishReason {
        end.outcome == .overBudget ? .length : end.finishReason ?? .stop
    }

    private mutating func writeLast(_ finishes: [Int: FinishReason], _ usage: Usage?, into out: inout [UInt8]) {
        output.open("", &out)
        GeminiChunkWriter.appendCandidates(parts, frame.text, finishes: finishes, state, to: &out)
        // An estimate is ours; this dialect has no way to say so.
        if let usage, !usage.isEstimate {
            out += #","usageMetadata":"#.utf8
            GeminiUsage.append(usage, to: &out)
        }
        state.appendTail(to: &out)
        output.close(&out)
    }
}
