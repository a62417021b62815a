public import FreshetDialects
import FreshetEventStreams
public import FreshetGeneration
public import FreshetHTTPWire
import FreshetRelay
public import FreshetTransport

/// Performs one attempt: sends the request, feeds the provider's bytes to its decoder, whose events go to the log, and
/// does what the attempt's machine decides. Confined to one loop.
///
/// Until the first content its events are held back, so that an attempt that fails before leaves no trace.
public final class ProviderAttempt {
    private static let refusalLimit = 256 << 10
    /// For an error's body; what came until then is passed on.
    private static let refusalTime = Duration.seconds(2)

    private var request: ProviderRequest
    private let live: LiveLog
    private let loop: EventLoop
    private var decoder: any ProviderDecoder
    /// What the provider speaks.
    public var dialect: ProviderDialect { request.dialect }
    private var machine: AttemptMachine
    private var exchange: HTTPClientExchange?
    private var timer: LoopTimer?
    private var onEnd: ((AttemptEnd) -> Void)?
    private var body = ProviderBody.eventStream
    private var events: EventStreamDecoder
    private var lines: JSONLinesDecoder
    private var elements: JSONArrayDecoder
    private var stray = StrayJSON()
    private var document: [UInt8] = []
    private var refusedStatus: Int?
    private var refusedType = ""
    private var refusedCoding: String?
    /// Tokens the provider reported so far.
    public private(set) var usage: Usage?
    /// Why choice 0 finished.
    public private(set) var finishReason: FinishReason?
    /// The response's fields that a client may see.
    public private(set) var relayedFields = HTTPFields()
    /// When its phases came, for whoever reports them.
    public private(set) var timeline: AttemptTimeline
    /// Called when the response's head came.
    public var onHead: (() -> Void)?
    /// Called when the request's body is kept no longer.
    public var onRequestTaken: (() -> Void)?

    /// An attempt that `start` will make.
    ///
    /// - Parameters:
    ///   - request: What is sent, and the deadlines for the answer.
    ///   - decoder: Reads the provider's dialect.
    ///   - log: Takes the events; nobody else appends to it until the attempt has ended.
    ///   - loop: The one that makes this call; everything happens on it.
    ///   - onEnd: Called once, on the loop; never after `cancel`.
    public init(
        _ request: ProviderRequest, decoder: any ProviderDecoder, log: LiveLog, loop: EventLoop,
        onEnd: @escaping (AttemptEnd) -> Void
    ) {
        (self.request, self.decoder, live, self.loop) = (request, decoder, log, loop)
        events = EventStreamDecoder(limits: request.limits.ofStream)
        lines = JSONLinesDecoder(limits: request.limits.ofStream)
        elements = JSONArrayDecoder(limits: request.limits.ofElements)
        self.onEnd = onEnd
        timeline = AttemptTimeline(started: loop.now())
        machine = AttemptMachine(
            deadlines: request.deadlines, start: Moment(nanoseconds: loop.now().nanoseconds))
    }

    deinit { timer?.cancel() }

    private var now: Moment { Moment(nanoseconds: loop.now().nanoseconds) }

    /// Sends the request.
    public func start(with client: HTTPClient) {
        live.log.hold()
        timer = loop.schedule(at: .never) { [unowned self] in
            if self.refusedStatus != nil { return self.endRefusal() }
            self.perform(self.machine.timerFired(at: self.now))
        }
        var fields = request.fields
        fields.append("accept", "text/event-stream, application/json")
        fields.append("content-type", "application/json")
        var message = HTTPClientRequest(
            origin: request.origin, poolKey: request.poolKey, method: "POST", target: request.target, fields: fields,
            body: request.body)
        message.connectTimeout = request.deadlines.connect
        exchange = client.send(message, to: self)
        // The client keeps it until the provider has it; here it would be kept as long as the answer takes.
        (request.body, request.fields) = ([], HTTPFields())
        armTimer()
    }

    /// Closes the connection, so that the provider stops; nothing is reported any more.
    public func cancel() {
        machine.cancelled()
        timeline.ended = loop.now()
        exchange?.cancel()
        release()
    }

    /// Appends the ends of all blocks that are open.
    public func closeBlocks() { decoder.closeBlocks(in: &live.log) }

    /// Stops reading until `resume`: the only reader cannot take more.
    public func pause() {
        machine.paused()
        armTimer()
        exchange?.pauseReading()
    }

    /// Reads on after `pause`; nothing while it reads anyway.
    public func resume() {
        machine.resumed(at: now)
        armTimer()
        exchange?.resumeReading()
    }

    // MARK: Decisions

    private func perform(_ action: AttemptMachine.Action) {
        switch action {
        case .proceed: armTimer()
        case .ignore: break
        case .finish: finish(.finished)
        case .fail(let failure): finish(.failed(failure, raw: nil, refusal: nil))
        }
    }

    /// The deadline moves with every token: moving it is one store, and a timer that fires early asks again.
    private func armTimer() {
        guard let deadline = machine.deadline else { return }
        timer?.rearm(at: MonotonicTime(nanoseconds: deadline.nanoseconds))
    }

    private func finish(_ end: AttemptEnd) {
        machine.cancelled()
        timeline.ended = loop.now()
        if case .finished = end {
            // A whole answer leaves its connection to the next one.
            exchange?.finishUnread()
        } else {
            live.log.discardHeld()
            exchange?.cancel()
        }
        live.log.release()
        let report = onEnd
        release()
        report?(masked(end))
    }

    private func release() {
        timer?.cancel()
        (timer, exchange, onEnd, onHead) = (nil, nil, nil, nil)
        let taken = onRequestTaken
        onRequestTaken = nil
        taken?()
    }

    // MARK: Frames

    private func takeEvents() {
        do {
            while let item = try events.next() {
                switch item {
                case .event(_, let data):
                    endStray()
                    frame(events.bytes, data)
                case .comment: machine.pingArrived()
                case .stray(let line): takeStray(events.bytes, line)
                case .end: endStray()
                }
                if exchange == nil { return }
            }
        } catch {
            fail(.providerMalformed, "the provider's stream is broken: \(error)")
        }
    }

    private func takeLines() {
        do {
            while exchange != nil, let line = try lines.next() { frame(lines.bytes, line) }
        } catch {
            fail(.providerMalformed, "the provider's stream is broken: \(error)")
        }
    }

    private func takeElements() {
        do {
            while exchange != nil, let element = try elements.next() { frame(elements.bytes, element) }
        } catch {
            fail(.providerMalformed, "the provider's stream is broken: \(error)")
        }
    }

    /// A line outside the event stream: some servers put a bare JSON error there; anything else is passed over.
    private func takeStray(_ bytes: [UInt8], _ line: Range<Int>) {
        switch stray.take(bytes.span.extracting(line)) {
        case .nothing: break
        case .object(let range): frame(stray.bytes, range)
        case .broken: skipFrame()
        }
    }

    /// JSON that stood bare and was not closed before the next event.
    private func endStray() {
        if stray.cut() { skipFrame() }
    }

    private func frame(_ bytes: [UInt8], _ data: Range<Int>) {
        if data.isEmpty { return machine.pingArrived() }
        do {
            let frame = try decoder.decode(bytes.span.extracting(data), into: &live.log)
            take(frame)
        } catch .limitExceeded {
            fail(.logFull, "the answer has more choices, tool calls or open blocks than one answer may have")
        } catch .misplaced {
            fail(.providerMalformed, "a frame goes on with a tool call that cannot take what it says")
        } catch {
            skipFrame()
        }
    }

    private func skipFrame() {
        let hasOpenToolCall = decoder.hasOpenToolCall
        if !hasOpenToolCall {
            live.log.append(.notice(code: "frame_skipped", message: "a frame of the provider could not be decoded"))
            guard shows() else { return }
        }
        perform(machine.undecodableFrameArrived(hasOpenToolCall: hasOpenToolCall, at: now))
    }

    /// Some servers leave out the last blank line: what stands there may be the finish, or half a frame.
    private func lastFrame(_ bytes: [UInt8], _ data: Range<Int>) {
        guard let frame = try? decoder.decode(bytes.span.extracting(data), into: &live.log) else { return }
        take(frame)
    }

    private func take(_ frame: DecodedFrame) {
        if frame.isPing {
            machine.pingArrived()
            return armTimer()
        }
        if frame.isReporting, !takeReport(of: frame) { return }
        let action = machine.frameArrived(
            hasContent: frame.hasContent, isFinished: frame.isFinished, isComplete: frame.isComplete,
            isDone: frame.isDone, hasOpenToolCall: frame.hasOpenToolCall, at: now)
        if frame.hasContent {
            if timeline.firstContent == nil { timeline.firstContent = loop.now() }
            live.log.release()
        }
        guard shows() else { return }
        perform(action)
    }

    /// - Returns: false when the frame reported a failure, which was dealt with.
    private func takeReport(of frame: DecodedFrame) -> Bool {
        if let failure = frame.failure {
            let action = machine.errorArrived(failure.failure)
            if case .fail(let reported) = action {
                let raw = SecretMask.masking(request.secret, in: failure.raw)
                finish(.failed(reported, raw: raw, refusal: nil))
            } else {
                note(errorBehindTheFinish: failure.failure)
                perform(action)
            }
            return false
        }
        if let report = frame.usage { usage = report }
        if let reason = frame.finishReason { finishReason = reason }
        return true
    }

    /// The answer is whole, and stays so; but what the provider said is not swallowed.
    private func note(errorBehindTheFinish failure: GenerationFailure) {
        let message = "the provider reported an error behind the finish: \(failure.message)"
        live.log.append(
            .notice(
                code: SecretMask.masking(request.secret, in: failure.code.name),
                message: SecretMask.masking(request.secret, in: message)))
        live.changed()
    }

    /// Has the readers woken; ends the attempt when the log has become too long.
    ///
    /// - Returns: Whether it goes on.
    private func shows() -> Bool {
        if isHoldingMuch { live.log.release() }
        live.changed()
        guard live.log.accountedBytes > request.limits.bytes else { return true }
        failAsTooLong()
        return false
    }

    private var isHoldingMuch: Bool {
        let held = live.log.heldCount
        guard held > 0 else { return false }
        return held > request.limits.heldEvents || live.log.accountedBytes > request.limits.heldBytes
    }

    private func failAsTooLong() {
        fail(.logFull, "the answer is longer than \(request.limits.bytes >> 10) KiB")
    }

    private func fail(_ code: GenerationFailure.Code, _ message: String, isRetryable: Bool = true) {
        let failure = GenerationFailure(code: code, message: message, isRetryable: isRetryable && code != .logFull)
        finish(.failed(failure, raw: nil, refusal: nil))
    }

    /// Whatever a provider had a part in may quote the key back; `raw` and the refusal were masked where they came.
    private func masked(_ end: AttemptEnd) -> AttemptEnd {
        guard case .failed(var failure, let raw, let refusal) = end else { return end }
        let secret = request.secret
        failure.message = SecretMask.masking(secret, in: failure.message)
        if failure.isProvidersWord { failure.code = .init(SecretMask.masking(secret, in: failure.code.name)) }
        failure.parameter = failure.parameter.map { SecretMask.masking(secret, in: $0) }
        return .failed(failure, raw: raw, refusal: refusal)
    }
}

// MARK: - The response

extension ProviderAttempt: HTTPClientDelegate {
    /// From here on the head's deadline counts, the connection's no longer.
    public func connected() {
        machine.connected(at: now)
        timeline.connected = loop.now()
        timeline.isReused = exchange?.isReused ?? false
        armTimer()
    }

    /// Its bytes count no longer among those that are held.
    public func requestTaken() {
        let taken = onRequestTaken
        onRequestTaken = nil
        taken?()
    }

    /// Any status but 200 is a refusal, whose body is gathered until it ends.
    public func received(head: HTTPResponseHead) {
        timeline.head = loop.now()
        timeline.status = head.status
        relayedFields = SecretMask.masking(request.secret, in: RelayedFields.downwards(head.fields))
        guard head.status == 200 else { return refused(head) }
        machine.headArrived(at: now)
        armTimer()
        body = ProviderBody(head, in: request.dialect)
        if case .foreign(let type) = body {
            // Masked before it is cut, or half a key could be left.
            let type = SecretMask.masking(request.secret, in: type).prefix(100)
            return fail(.providerMalformed, "the provider answered with \(type) and not with a stream")
        }
        onHead?()
    }

    private func refused(_ head: HTTPResponseHead) {
        guard head.status >= 400 else {
            let what = "the provider answered with status \(head.status)"
            guard (300...399).contains(head.status), head.status != 304 else {
                return fail(.providerMalformed, "\(what) and not with a stream")
            }
            return fail(
                .providerError, "\(what), a redirect; none is followed, since the key would go along: mend `base_url`",
                isRetryable: false)
        }
        refusedStatus = head.status
        refusedType = SecretMask.masking(request.secret, in: head.fields["content-type"] ?? "")
        refusedCoding = head.fields["content-encoding"].flatMap { $0.lowercased() == "identity" ? nil : $0 }
        timer?.rearm(after: Self.refusalTime)
    }

    /// Decodes the frames that are whole by now; may end the attempt.
    public func received(body bytes: Span<UInt8>) {
        if refusedStatus != nil {
            guard document.count + bytes.count <= Self.refusalLimit else { return endRefusal() }
            bytes.withUnsafeBufferPointer { document.append(contentsOf: $0) }
            return
        }
        switch body {
        case .eventStream:
            events.receive(bytes)
            takeEvents()
        case .jsonLines:
            lines.receive(bytes)
            takeLines()
        case .elements:
            elements.receive(bytes)
            takeElements()
        case .document:
            guard document.count + bytes.count <= request.limits.bytes else { return failAsTooLong() }
            bytes.withUnsafeBufferPointer { document.append(contentsOf: $0) }
        case .foreign: break
        }
    }

    /// Decodes what stands without its last line end, then lets the machine judge.
    public func ended() {
        if refusedStatus != nil { return endRefusal() }
        switch body {
        case .eventStream:
            events.finish()
            takeEvents()
            if exchange != nil, let rest = events.unfinishedData { lastFrame(events.bytes, rest) }
        case .jsonLines:
            lines.finish()
            takeLines()
        case .elements: elements.finish()
        case .document: frame(document, document.indices)
        case .foreign: break
        }
        guard exchange != nil else { return }
        perform(machine.bytesEnded())
    }

    /// A refusal whose body broke off still tells its status.
    public func failed(_ error: TransportError) {
        if refusedStatus != nil { return endRefusal() }
        let reason = SecretMask.masking(request.secret, in: error.cause)
        switch error.code {
        case .connectTimedOut: perform(machine.connectTimedOut())
        case .malformed: perform(machine.responseBroken(reason))
        default: perform(machine.connectionFailed(reason))
        }
    }

    /// Decoded, though no coding was asked for: errors often come from something in front of the provider.
    private var refusalBody: [UInt8]? {
        guard let refusedCoding, !document.isEmpty else { return document }
        let plain = ContentCoding(refusedCoding)?.decoding(document, limit: Self.refusalLimit)
        return plain?.isEmpty == false ? plain : nil
    }

    /// The provider answered with a status that is no success.
    private func endRefusal() {
        guard let status = refusedStatus, exchange != nil else { return }
        guard let plain = refusalBody else {
            return fail(
                .providerError, "the provider answered with status \(status) and a body that cannot be decoded")
        }
        let body = SecretMask.masking(request.secret, in: plain)
        if request.hasConfiguredKey, status == 401 || status == 403 {
            return fail(
                .providerAuth, "the provider refused the gateway's own key with status \(status)", isRetryable: false)
        }
        let failure = request.dialect.failure(status: status, body: body)
        let refusal = ProviderRefusal(status: status, contentType: refusedType, body: body)
        finish(.failed(failure, raw: nil, refusal: refusal))
    }
}
