public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation as an Anthropic Messages stream.
///
/// The grammar is ours: one complete `message_start`, blocks one after the other with rising index, a `message_delta` with
/// the stop reason and all usage, `message_stop` only after success. Where the log interleaves blocks, the oldest open
/// one is sent and later ones wait for its end. An event makes the frames that are due at once, so what was sent is a
/// function of the events that were read. What an Anthropic provider sent besides is put back where it stood.
public struct AnthropicEncoder: StreamEncoder {
    private var output: FrameOutput
    private var start: GenerationStart?
    private var attempt: Attempt?
    private var blocks = AnthropicBlocks()
    /// `message_start` was sent.
    private var hasBegun = false
    /// A `message_delta` with the stop reason was sent: the provider's own.
    private var isFinishSent = false
    private var isStopSent = false
    /// The answer ended with an error, whatever its outcome says.
    private var hasFailed = false
    private var usage: Usage?
    private var finish: FinishReason?

    /// As it was made.
    public var framing: Framing { output.framing }

    /// - Parameters:
    ///   - framing: Server-sent events or JSON lines.
    ///   - cursors: Gives each server-sent event its cursor in this generation, for clients that may come back.
    public init(framing: Framing = .eventStream, cursors: GenerationID? = nil) {
        output = FrameOutput(framing, cursors: cursors)
    }

    /// An encoder that goes on behind the events that `fold` holds.
    ///
    /// - Parameters:
    ///   - framing: As above.
    ///   - cursors: As above.
    ///   - fold: Of the events that the client has.
    ///   - taken: Frames of the next event that the client has besides.
    public init(
        framing: Framing = .eventStream, cursors: GenerationID? = nil, resuming fold: GenerationFold, taken: Int = 0
    ) {
        output = FrameOutput(framing, cursors: cursors, taken: taken)
        (start, attempt, usage) = (fold.start, fold.attempt, fold.usage)
        finish = fold.finishes.first { $0.choice == 0 }?.reason
        hasBegun = attempt != nil || !fold.blocks.isEmpty
        let isOwn = fold.attemptSource == .anthropic
        isFinishSent = isOwn && finish != nil
        isStopSent = isFinishSent && fold.foreign.contains { $0.name == AnthropicForeign.stop }
        blocks = AnthropicBlocks(resuming: fold, isOwn: isOwn, output)
    }

    /// Only after success: a client that takes the end of bytes for the end of the answer must see a failure as a cut.
    public func endsCleanly(after outcome: Outcome) -> Bool { outcome.isSuccess && !hasFailed }

    /// The vendor's own.
    public var heartbeat: [UInt8] {
        framing == .eventStream ? Self.ping : framing.heartbeat
    }

    private static let ping = Array("event: ping\ndata: {\"type\": \"ping\"}\n\n".utf8)

    /// Appends what the event makes due: for a delta of the block that is being sent one frame, for one of a block that
    /// waits nothing.
    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        output.beginEvent(item.last, from: item.first)
        let own = item.extras?.dialect == .anthropic ? item.extras : nil
        switch item.body {
        case .delta(let block, _): blocks.add(payload, to: block, own, &output, &out)
        case .event(let event): take(event, own, item.extras, &out)
        }
    }

    private mutating func take(_ event: GenerationEvent, _ own: Extras?, _ extras: Extras?, _ out: inout [UInt8]) {
        switch event {
        case .generationStart(let start): self.start = start
        case .attempt(let attempt):
            guard self.attempt == nil else { return }
            self.attempt = attempt
            if own != nil { blocks.isOwn = true }
            begin(own, &out)
        case .blockStart(let start):
            begin(nil, &out)
            blocks.begin(start, own, &output, &out)
        case .blockEnd(let block, _): blocks.end(block, &output, &out)
        case .signature(let block, let signature): blocks.add(signature, to: block, own, &output, &out)
        case .citation(let block, let citation): blocks.add(citation, to: block, own, &output, &out)
        case .finish(0, let reason):
            finish = reason
            if own != nil { isFinishSent = true }
            writeOwnDelta(own, &out)
        case .usage(let report):
            merge(report)
            writeOwnDelta(own, &out)
        case .toolOutput(let callID, let result):
            if blocks.isOwn {
                blocks.add(.result(callID: callID, result: result, members: own?.anthropicResult), &output, &out)
            }
        case .foreign(.anthropic, let name, let bytes): takeForeign(name, bytes, own, &out)
        case .generationEnd(let end): finish(end, extras, &out)
        case .blockDelta, .file, .finish, .progress, .notice, .foreign: break
        }
    }

    private mutating func merge(_ report: Usage) {
        var merged = usage ?? Usage()
        merged.merge(report)
        usage = merged
    }

    private mutating func takeForeign(_ name: String, _ bytes: [UInt8], _ own: Extras?, _ out: inout [UInt8]) {
        switch name {
        case AnthropicForeign.block: if hasBegun { blocks.add(.foreign(bytes), &output, &out) }
        case AnthropicForeign.delta: if let own { blocks.add(wholeDelta: own, &output, &out) }
        case AnthropicForeign.messageDelta where bytes.isEmpty: writeOwnDelta(own, &out)
        default:
            guard !bytes.isEmpty, hasBegun else { return }
            if name == AnthropicForeign.stop {
                guard isFinishSent else { return }
                isStopSent = true
            }
            output.open(named: name, &out)
            out.appendJSONOnOneLine(bytes)
            output.close(&out)
        }
    }

    // MARK: The message

    private mutating func begin(_ own: Extras?, _ out: inout [UInt8]) {
        guard !hasBegun else { return }
        hasBegun = true
        output.open("message_start", &out)
        out += "{\"type\":\"message_start\",\"message\":".utf8
        if let raw = own?.anthropic(.message) { out += raw } else { appendMessage(&out) }
        own?.appendAnthropicMembers(.frame, to: &out)
        out.append(0x7D)
        output.close(&out)
    }

    private func appendMessage(_ out: inout [UInt8]) {
        out += "{\"id\":".utf8
        out.appendJSON(string: Self.messageID(of: start))
        out += ",\"type\":\"message\",\"role\":\"assistant\",\"model\":".utf8
        out.appendJSON(string: attempt?.providerModel ?? start?.model ?? "")
        out += ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":".utf8
        AnthropicUsage.append(usage, to: &out)
        out.append(0x7D)
    }

    /// The form of this dialect: clients may rely on the beginning.
    static func messageID(of start: GenerationStart?) -> String {
        start.map { "msg_" + String(describing: $0.id).dropFirst(4) } ?? ""
    }

    /// Writes a provider's `message_delta` as it came, at the event that carries it.
    private mutating func writeOwnDelta(_ own: Extras?, _ out: inout [UInt8]) {
        // A report in the middle of a block has no place here; those behind it are cumulative.
        guard let own, hasBegun, !blocks.isOpen else { return }
        let (delta, usage) = (own.anthropic(.finish), own.anthropic(.usage))
        guard delta != nil || usage != nil else { return }
        output.open("message_delta", &out)
        out += "{\"type\":\"message_delta\"".utf8
        if let delta {
            out += ",\"delta\":".utf8
            out += delta
        }
        if let usage {
            out += ",\"usage\":".utf8
            out += usage
        }
        own.appendAnthropicMembers(.frame, to: &out)
        out.append(0x7D)
        output.close(&out)
    }

    // MARK: The end

    private mutating func finish(_ end: GenerationEnd, _ extras: Extras?, _ out: inout [UInt8]) {
        if let report = end.usage { merge(report) }
        let reason = end.finishReason ?? finish
        if let failure = end.failure ?? Self.failure(of: reason, isOwn: blocks.isOwn) {
            hasFailed = true
            output.open("error", &out)
            if let raw = extras?.error(of: .anthropic) {
                AnthropicFailure.append(raw: raw, to: &out)
            } else {
                AnthropicFailure.append(failure, to: &out)
            }
            output.close(&out)
            return
        }
        begin(nil, &out)
        blocks.endAll(&output, &out)
        if !isFinishSent {
            let word = AnthropicStopReason.word(
                for: reason, outcome: end.outcome, hasCalls: blocks.hasCalls, isRefusal: blocks.hasRefusal)
            output.open("message_delta", &out)
            out += "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":".utf8
            out.appendJSON(string: word)
            out += ",\"stop_sequence\":null},\"usage\":".utf8
            AnthropicUsage.append(usage, to: &out)
            out.append(0x7D)
            output.close(&out)
        }
        if !isStopSent {
            output.open("message_stop", &out)
            out += "{\"type\":\"message_stop\"}".utf8
            output.close(&out)
        }
        output.end(&out)
    }

    /// What a provider's own word for a failure is to clients who do not know the word.
    static func failure(of reason: FinishReason?, isOwn: Bool) -> GenerationFailure? {
        guard !isOwn, let reason, reason.isFailure else { return nil }
        return GenerationFailure(
            code: .providerError, message: "the provider ended its answer with \(reason.wire)", isRetryable: true)
    }
}

extension Extras {
    /// Appends, each behind a comma, the members with this anchor.
    func appendAnthropicMembers(_ wanted: AnthropicAnchor, to out: inout [UInt8]) {
        let bytes = bytes
        AnthropicExtras.forEach(bytes) { anchor, _, range in
            guard anchor == wanted else { return }
            out.append(0x2C)
            out += bytes[range]
        }
    }

    /// The members of a tool's result, but for its `content`.
    var anthropicResult: [UInt8]? {
        guard dialect == .anthropic else { return nil }
        var members: [UInt8] = []
        appendAnthropicMembers(.result, to: &members)
        return members.isEmpty ? nil : members
    }
}
