public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation as a Chat Completions stream.
///
/// The grammar is ours: the role once, a tool call's id, type and name once, its index rising, usage only when it was
/// asked for, `[DONE]` only after success. Members that a Chat provider sent beside are put back where they stood.
public struct OpenAIChatEncoder: StreamEncoder {
    /// As it was made.
    public let framing: Framing
    private let includesUsage: Bool
    /// What each event's id begins with, over server-sent events; nil writes none.
    private let cursors: GenerationID?
    private var sequence: UInt64 = 0
    /// Number of the next frame of the end, which makes several; nil for an event's only frame and for its last.
    private var part: Int?
    /// Frames of the end that the client has already.
    private let taken: Int
    private var state = ChatAnswerState()
    private var frame = ChatFrame()
    private var template = DeltaTemplate()
    private var isUsageSent = false
    private var usage: Usage?

    /// - Parameters:
    ///   - framing: Server-sent events or JSON lines.
    ///   - includesUsage: Whether the client asked for the usage chunk.
    ///   - cursors: Gives each server-sent event its cursor in this generation, for clients that may come back.
    public init(framing: Framing = .eventStream, includesUsage: Bool = false, cursors: GenerationID? = nil) {
        self.init(framing, includesUsage, cursors, taken: 0)
    }

    private init(_ framing: Framing, _ includesUsage: Bool, _ cursors: GenerationID?, taken: Int) {
        (self.framing, self.includesUsage, self.taken) = (framing, includesUsage, taken)
        self.cursors = framing.isEventStream ? cursors : nil
    }

    /// An encoder that goes on behind the events that `fold` holds.
    ///
    /// - Parameters:
    ///   - framing: As above.
    ///   - includesUsage: As the client asked in the beginning.
    ///   - cursors: As above.
    ///   - fold: Of the events that the client has.
    ///   - taken: Where the next event is the end, how many of its frames the client has besides.
    public init(
        framing: Framing = .eventStream, includesUsage: Bool = false, cursors: GenerationID? = nil,
        resuming fold: GenerationFold, taken: Int = 0
    ) {
        self.init(framing, includesUsage, cursors, taken: taken)
        state = ChatAnswerState(resuming: fold)
        usage = fold.usage
        isUsageSent = fold.usageSource == .openAIChat
    }

    /// A comment; without the blank line behind it where events have ids: the official client then makes an event of it,
    /// in which it looks for JSON.
    public var heartbeat: [UInt8] { cursors == nil ? framing.heartbeat : Self.comment }

    private static let comment = Array(": keep-alive\n".utf8)

    /// Only after success: a client that takes the end of bytes for the end of the answer must see a failure as a cut.
    public func endsCleanly(after outcome: Outcome) -> Bool { outcome.isSuccess && state.failedFinish == nil }

    /// Gathers events up to the end of the provider's frame, then writes one chunk, or none. Where only the text has
    /// changed since the last chunk, the bytes around it are copied.
    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        sequence = item.last
        switch item.body {
        case .delta(let block, _):
            if item.endsFrame, frame.isEmpty, template.matches(block: block, extras: item.extras) {
                if !state.rolesAreTheirs { state.asides.append(payload, to: block) }
                appendCursor(&out)
                template.write(payload, into: &out)
                return
            }
            guard state.isShown(block) else { break }
            if !state.rolesAreTheirs { state.asides.append(payload, to: block) }
            frame.add(delta: block, payload)
        case .event(.generationEnd(let end)):
            finish(end, extras: item.extras, into: &out)
            return
        case .event(let event):
            take(event)
        }
        if item.endsFrame { close(extras: item.extras, into: &out) }
    }

    private mutating func take(_ event: GenerationEvent) {
        switch event {
        case .generationStart(let start): state.begin(start)
        case .attempt(let attempt):
            if state.begin(attempt) { frame.addAttempt() }
        case .blockStart(let start):
            begin(start)
        case .signature(let block, let signature): state.asides.sign(block, signature)
        case .citation(_, let citation):
            state.asides.cite(citation)
            addAsides()
        case .file(let file):
            state.asides.show(file)
            addAsides()
        case .blockEnd(let block, .reasoning):
            state.asides.end(block)
            addAsides()
        case .finish(let choice, let reason):
            frame.add(finish: choice, reason)
        case .usage(let report):
            var merged = usage ?? Usage()
            merged.merge(report)
            usage = merged
            frame.addUsage()
        case .foreign(.openAIChat, _, _): frame.addCarrier()
        case .blockDelta, .blockEnd, .progress, .toolOutput, .notice, .foreign, .generationEnd: break
        }
    }

    private mutating func begin(_ start: BlockStart) {
        state.begin(start)
        guard state.isShown(start.block) else { return }
        if state.isRoleDue(start.choice) { frame.addRole(of: start.choice) }
        if !state.rolesAreTheirs { state.asides.begin(start) }
        if start.kind == .toolInput { frame.add(toolStart: start) }
    }

    /// What has no place of its own goes along with the frame.
    private mutating func addAsides() {
        if state.asides.isDue { frame.addAsides() }
    }

    /// Writes the frame that ends here, if there is anything in it for this client.
    private mutating func close(extras: Extras?, into out: inout [UInt8]) {
        let own = extras?.dialect == .openAIChat ? extras : nil
        defer { frame.clear() }
        if frame.isEmpty, own == nil { return }
        if own != nil, frame.hasAttempt { state.leaveRolesToProvider() }
        if !state.rolesAreTheirs, part == nil { state.wait(for: frame.takeFinishes()) }
        if frame.isEmpty, own == nil { return }
        let begin = out.count
        appendCursor(&out)
        let start = out.count
        openLine(&out)
        let hadRoles = state.roles
        var writer = ChatChunkWriter(extras: own, includesUsage: includesUsage)
        guard writer.write(frame, &state, into: &out) else {
            out.removeLast(out.count - begin)
            return
        }
        if writer.wroteUsage, frame.hasUsage { isUsageSent = true }
        closeFrame(&out)
        if let block = frame.onlyDelta, state.roles == hadRoles {
            template = DeltaTemplate(block: block, extras: extras, frame: out[start...], hole: writer.hole, at: start)
        }
    }

    // MARK: The end

    private mutating func finish(_ end: GenerationEnd, extras: Extras?, into out: inout [UInt8]) {
        // A frame that was cut belongs to the events before.
        sequence &-= 1
        close(extras: nil, into: &out)
        sequence &+= 1
        if let failure = end.failure ?? state.failedFinish.map(ChatFailure.finish) {
            openFrame(&out)
            appendError(failure, extras, into: &out)
            closeFrame(&out)
            return
        }
        part = 0
        for choice in state.unfinishedChoices {
            let known = state.waitingFinish(of: choice) ?? end.finishReason
            frame.add(finish: choice, end.outcome == .overBudget ? .length : known ?? .stop)
            frameOfEnd(&out) { $0.close(extras: nil, into: &$1) }
        }
        frameOfEnd(&out) { $0.appendUsage(end.usage ?? $0.usage, into: &$1) }
        part = nil
        guard framing.isEventStream else { return }
        appendCursor(&out)
        out += "data: [DONE]\n\n".utf8
    }

    /// Writes one frame of several, unless the client has it.
    private mutating func frameOfEnd(_ out: inout [UInt8], _ write: (inout Self, inout [UInt8]) -> Void) {
        let start = out.count
        write(&self, &out)
        guard out.count > start, let number = part else { return }
        if number < taken { out.removeLast(out.count - start) }
        part = number + 1
    }

    private func appendError(_ failure: GenerationFailure, _ extras: Extras?, into out: inout [UInt8]) {
        if let raw = extras?.error(of: .openAIChat) { return ChatFailure.append(raw: raw, to: &out) }
        ChatFailure.append(failure, to: &out)
    }

    private mutating func appendUsage(_ usage: Usage?, into out: inout [UInt8]) {
        // An estimate is ours; this dialect has no way to say so.
        guard includesUsage, !isUsageSent, let usage, !usage.isEstimate else { return }
        openFrame(&out)
        state.appendHeader(extras: nil, to: &out)
        out += ",\"choices\":[],\"usage\":".utf8
        ChatUsage.append(usage, to: &out)
        out.append(0x7D)
        closeFrame(&out)
    }

    private func openFrame(_ out: inout [UInt8]) {
        appendCursor(&out)
        openLine(&out)
    }

    private func openLine(_ out: inout [UInt8]) {
        if framing.isEventStream { out += "data: ".utf8 }
    }

    @inline(__always)
    private func appendCursor(_ out: inout [UInt8]) {
        guard let cursors else { return }
        out += "id: ".utf8
        cursors.append(to: &out)
        out.append(0x3A)
        out.appendJSON(integer: sequence)
        if let part {
            out.append(0x2E)
            out.appendJSON(integer: part)
        }
        out.append(0x0A)
    }

    private func closeFrame(_ out: inout [UInt8]) {
        out += (framing.isEventStream ? "\n\n" : "\n").utf8
    }
}
