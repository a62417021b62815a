import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetRouter
import FreshetStores
import FreshetTransport

/// One generation that is running or still kept: its log, its producer and its readers. Confined to the loop it was
/// made on; owned by the registry, never by a request.
final class LiveGeneration: TurnEnd {
    let id: GenerationID
    /// The name of the key that made it.
    let owner: String
    let loop: EventLoop
    let live = LiveLog()
    /// When it was made.
    let began: MonotonicTime
    /// The name the client asked for.
    let model: String
    /// Of the request.
    let dialect: DialectName
    /// Where it comes from; nil for one that is not logged.
    let origin: GenerationOrigin?
    /// Where it was asked; nil until it was.
    private(set) var route: (provider: String, model: String)?
    /// `provider/model`, empty until it was asked for.
    private(set) var routeName = ""
    /// Where the request of the attempt went.
    private var attemptOrigin: (origin: HTTPOrigin, target: String)?
    /// When its first content came.
    var firstContent: MonotonicTime? { pastFirstContent ?? attempt?.timeline.firstContent }
    private var pastFirstContent: MonotonicTime?
    /// Its last event, once it is in the log.
    private(set) var end: GenerationEnd?
    private let observation: Observation
    let retention: Retention
    private let registry: GenerationRegistry
    private var readers: [any GenerationReader] = []
    private var attempt: ProviderAttempt?
    private var timer: LoopTimer?
    private var promptBytes = 0
    /// Whether it is not to be found in memory any more.
    private(set) var isForgotten = false
    /// Whether its place in memory is needed.
    private(set) var isInTheWay = false
    /// Whether its owner wants nothing of it to be left.
    private(set) var isDeleted = false
    /// Has it written to disk; nil for one that lives in memory alone.
    private let keeper: LoopKeeper?
    /// As far as it is on disk.
    var kept: KeptLog?
    private var isNotedUnkept = false
    /// Whether its last event is in the log.
    private(set) var hasEnded = false
    /// What the provider speaks; nil until it was asked.
    private(set) var providerDialect: ProviderDialect?
    /// The provider's own error answer, where it gave one instead of a stream.
    private(set) var refusal: ProviderRefusal?
    /// The provider's own error in its stream, where that came before any content.
    private(set) var reportedError: [UInt8]?
    /// Fields of the provider's response that clients may see.
    private(set) var relayedFields = HTTPFields()

    /// - Parameters:
    ///   - id: Its time is the generation's beginning.
    ///   - owner: The only one who may attach.
    ///   - model: The name the client asked for.
    ///   - dialect: Of the request.
    ///   - origin: Where it comes from; nil for one that is not logged.
    ///   - retention: How long it is kept, and what becomes of it when its readers leave.
    ///   - loop: The one that makes this call; everything happens on it.
    ///   - observation: The loop's.
    ///   - registry: Learns of its end, and that nothing needs it any more.
    ///   - keeper: The loop's; nil where nothing goes to disk.
    init(
        id: GenerationID, owner: String, model: String, dialect: DialectName, origin: GenerationOrigin? = nil,
        retention: Retention, loop: EventLoop, observation: Observation,
        registry: GenerationRegistry, keeper: LoopKeeper? = nil
    ) {
        self.keeper = retention.isLogged ? keeper : nil
        (self.id, self.owner, self.retention, self.loop, self.registry) = (id, owner, retention, loop, registry)
        (self.model, self.dialect, self.origin) = (model, dialect, origin)
        (self.observation, began) = (observation, loop.now())
        live.onChange = { [unowned self] in self.loop.markDirty(self) }
    }

    /// One that has ended, as the archive has it; kept in memory for a minute from `settle` on.
    init(
        _ found: Archive.Found, loop: EventLoop, observation: Observation, registry: GenerationRegistry,
        keeper: LoopKeeper?
    ) {
        let entry = found.entry
        (id, owner, self.loop, self.registry, self.keeper) = (entry.id, entry.owner, loop, registry, keeper)
        retention = .logged(grace: nil, beyondEnd: Self.restoredTime)
        (model, dialect) = (entry.model, DialectName(rawValue: entry.dialect) ?? .native)
        origin = found.log.origin
        (self.observation, began) = (observation, loop.now())
        (live.log, end, hasEnded) = (found.log.log, found.log.end, true)
        live.onChange = { [unowned self] in self.loop.markDirty(self) }
    }

    /// Lets others find it that was found on disk.
    ///
    /// - Returns: false when somebody else was first, or it was deleted since it was looked for: then it is not to be used.
    func settle() -> Bool {
        guard registry.add(self) else { return false }
        if let end { registry.ended(self, end, freesKey: false) }
        forget(after: Self.restoredTime)
        return true
    }

    private static let restoredTime = Duration.seconds(60)
    /// After which it is looked again whether it may leave memory.
    private static let unfiledTime = Duration.seconds(1)

    /// Whether its only reader gives up what it has read.
    var isReadOnce: Bool { retention == .untilRead }

    // MARK: Producing

    /// Appends the first event.
    func begin() {
        observation.generationBegan()
        let start = GenerationStart(id: id, model: model, createdMilliseconds: id.milliseconds)
        live.log.append(.generationStart(start))
        kept = keeper?.begin(self)
        loop.markDirty(self)
    }

    /// Asks a provider; every event it causes goes into the log.
    ///
    /// - Parameters:
    ///   - request: What is sent.
    ///   - route: Where it goes.
    ///   - decoder: Of the provider's dialect.
    ///   - client: The loop's.
    ///   - onTaken: Called once, when the request's body is kept no longer.
    func produce(
        _ request: ProviderRequest, via route: Configuration.ResolvedRoute, decoder: any ProviderDecoder,
        client: HTTPClient, onTaken: @escaping () -> Void
    ) {
        guard !hasEnded else { return onTaken() }
        (self.route, routeName) = ((route.provider.name, route.model), request.route)
        attemptOrigin = (request.origin, request.target)
        providerDialect = request.dialect
        promptBytes = request.body.count
        let attempt = ProviderAttempt(request, decoder: decoder, log: live, loop: loop) { [unowned self] end in
            self.attemptEnded(end)
        }
        attempt.onHead = { [unowned self, unowned attempt] in self.relayedFields = attempt.relayedFields }
        attempt.onRequestTaken = onTaken
        self.attempt = attempt
        attempt.start(with: client)
    }

    private func attemptEnded(_ end: AttemptEnd) {
        guard let attempt else { return }
        relayedFields = attempt.relayedFields
        let usage = settledUsage
        switch end {
        case .finished:
            attempt.closeBlocks()
            note(attempt, "finished", usage: usage)
            finish(GenerationEnd(outcome: .finished, finishReason: attempt.finishReason, usage: usage))
        case .failed(let failure, let raw, let refusal):
            self.refusal = refusal
            reportedError = raw
            note(attempt, "failed", failure: failure, usage: usage)
            finish(
                GenerationEnd(outcome: .failed, usage: usage, failure: failure),
                extras: raw.map { Extras.error($0, in: attempt.dialect) })
        }
    }

    private func note(
        _ attempt: ProviderAttempt, _ outcome: String, failure: GenerationFailure? = nil, usage: Usage?
    ) {
        pastFirstContent = pastFirstContent ?? attempt.timeline.firstContent
        observation.attemptEnded(self, attempt, outcome, failure: failure, usage: usage)
    }

    /// Where the attempt's request went, without query and user.
    var attemptURL: String {
        guard let (origin, target) = attemptOrigin else { return "" }
        return "\(origin.scheme.rawValue)://\(origin.authority)\(target.prefix { $0 != "?" })"
    }

    /// What the provider reported, else an estimate: four bytes a token. Who reports in the beginning and was not asked to
    /// the end has not counted what it said.
    private var settledUsage: Usage? {
        let said = Int64((live.log.textBytes + 3) / 4)
        if var usage = attempt?.usage {
            guard attempt?.finishReason == nil, usage.outputTokens ?? 0 < said / 2 else { return usage }
            (usage.outputTokens, usage.isEstimate) = (said, true)
            return usage
        }
        guard live.log.visibleSequence > 1 else { return nil }
        var estimate = Usage(inputTokens: Int64(promptBytes / 4), outputTokens: said)
        estimate.isEstimate = true
        return estimate
    }

    private func finish(_ given: GenerationEnd, extras: Extras? = nil) {
        guard !hasEnded else { return }
        hasEnded = true
        var end = given
        if !isReadOnce { end.checksums = live.log.fold().blocks.map(\.checksum) }
        self.end = end
        live.log.append(.generationEnd(end), extras: extras)
        attempt = nil
        loop.markDirty(self)
        observation.generationEnded(self, end)
        switch retention {
        case .untilRead: break
        case .window(_, let beyondEnd), .logged(_, let beyondEnd):
            forget(after: beyondEnd)
            registry.ended(self, end, freesKey: freesKey)
        }
    }

    /// Ends it because nobody is there to read it: the provider's connection is closed at once.
    private func abandon() {
        cancel(
            GenerationFailure(code: "abandoned", message: "its reader left and did not return", isRetryable: true))
    }

    /// Whether the same request may be made again under its key: it failed before any content.
    var freesKey: Bool { end?.failure != nil && firstContent == nil }

    /// Ends it because this process ends. One that is only in memory is lost with it: its readers are told. One that is
    /// on disk is left to the next process: its readers are cut, so that they come back.
    func shutDown() {
        if let kept, !hasEnded, keeper?.isLosing(kept) == false {
            attempt?.cancel()
            attempt = nil
            for reader in readers { reader.cut() }
            return
        }
        switch retention {
        case .untilRead, .window, .logged:
            cancel(
                GenerationFailure(code: .shuttingDown, message: "the gateway is shutting down", isRetryable: true))
        }
    }

    /// Ends it because its owner asked: what there is stays. Nothing once it has ended.
    func stop() {
        guard !hasEnded else { return }
        let reason = attempt?.finishReason
        let usage = settledUsage
        cancelAttempt(usage)
        sealToolCalls()
        finish(GenerationEnd(outcome: .stopped, finishReason: reason, usage: usage))
    }

    /// Gives every tool call that has no result one that says so: the next request would be refused without.
    private func sealToolCalls() {
        guard !isReadOnce else { return }
        let fold = live.log.fold()
        for call in fold.blocks where call.start.isClientCall {
            guard !fold.toolOutputs.contains(where: { $0.callID == call.start.callID }) else { continue }
            live.log.append(.toolOutput(callID: call.start.callID, result: ToolSeal.result))
        }
    }

    private func cancel(_ failure: GenerationFailure) {
        guard !hasEnded else { return }
        let usage = settledUsage
        cancelAttempt(usage)
        finish(GenerationEnd(outcome: .failed, usage: usage, failure: failure))
    }

    /// Closes the provider's connection; what was held back is shown.
    private func cancelAttempt(_ usage: Usage?) {
        if let attempt {
            attempt.cancel()
            note(attempt, "cancelled", usage: usage)
        }
        live.log.release()
    }

    // MARK: Readers

    func attach(_ reader: any GenerationReader) {
        readers.append(reader)
        observation.readersChanged(by: 1)
        if !hasEnded { timer?.cancel() }
        loop.markDirty(self)
    }

    /// The reader has left, or has got everything.
    func detach(_ reader: any GenerationReader) {
        let before = readers.count
        readers.removeAll { $0 === reader }
        observation.readersChanged(by: readers.count - before)
        guard readers.isEmpty else { return }
        switch retention {
        case .untilRead:
            abandon()
            forget()
        case .window, .logged: waitForReaders()
        }
    }

    /// Nobody reads it just now: it runs on for its time of grace.
    func waitForReaders() {
        guard !hasEnded, readers.isEmpty, let grace = retention.grace else { return }
        timer?.cancel()
        timer = loop.schedule(after: grace) { [weak self] in self?.abandon() }
    }

    /// The only reader cannot take more: nothing is read from the provider until it can.
    func pause() { attempt?.pause() }

    func resume() { attempt?.resume() }

    func turnEnded() {
        live.served()
        if let kept, let keeper { keeper.take(self, kept) } else { wakeReaders() }
    }

    func wakeReaders() { for reader in readers { reader.wake() } }

    /// The disk fails: it goes on in memory, and says so once.
    func noteUnkept() {
        guard !hasEnded, !isNotedUnkept else { return }
        isNotedUnkept = true
        live.log.append(.notice(code: "not_kept", message: "the disk fails: the answer goes on in memory alone"))
        live.changed()
    }

    private func forget(after delay: Duration) {
        timer?.cancel()
        timer = loop.schedule(after: delay) { [weak self] in
            guard let self else { return }
            if keeper?.isUnfiled(self) == true { forget(after: Self.unfiledTime) } else { forget() }
        }
    }

    /// Its place in memory is needed: it goes as soon as it is on disk, or at once where it will not be.
    func makeRoom() {
        isInTheWay = true
        if keeper?.isAboutToFile(self) != true { forget() }
    }

    /// It is not to be found any more; readers that have it read on.
    func forget() {
        guard !isForgotten else { return }
        isForgotten = true
        timer?.cancel()
        registry.remove(id)
        keeper?.giveUp(self)
    }

    /// Its owner wants nothing of it to be left: it is stopped, and forgotten once that is certain.
    ///
    /// - Parameter then: Called on its loop with whether nothing of it is left; else it stays as it ended.
    func delete(then: @escaping (Bool) -> Void) {
        isDeleted = true
        stop()
        guard let keeper, origin != nil else {
            forgetDeleted()
            return then(true)
        }
        keeper.forget(self) { [self] isForgotten in
            if isForgotten { forgetDeleted() } else { isDeleted = false }
            then(isForgotten)
        }
    }

    private func forgetDeleted() {
        registry.deleted(id, scope)
        forget()
    }

    // MARK: Keeping

    /// The `Idempotency-Key` that made it.
    var scope: IdempotencyKeys.Scope? {
        origin?.idempotency.map { IdempotencyKeys.Scope(owner: owner, path: $0.path, key: $0.key) }
    }

    /// What keeping it takes: its log, its request, and itself.
    var keptBytes: Int { live.log.accountedBytes + (origin?.request.count ?? 0) + 4096 }
}
