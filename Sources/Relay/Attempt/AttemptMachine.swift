public import FreshetGeneration

/// Decides what becomes of one attempt: what its deadlines are, and whether it has ended and how.
///
/// The end of bytes is never the end of an answer: only a finish reason on every choice seen is. After it the attempt
/// can no longer fail.
public struct AttemptMachine: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case connecting
        case waitingForHead
        case waitingForContent
        case streaming
        /// The answer is whole; usage and the end mark may still come.
        case finishing(since: Moment)
        case ended
    }

    /// What the driver does next.
    public enum Action: Equatable, Sendable {
        /// Go on reading.
        case proceed
        /// The answer is whole: end the attempt with success.
        case finish
        /// End the attempt with this failure.
        indirect case fail(GenerationFailure)
        /// The attempt has ended before; nothing to do.
        case ignore
    }

    private var state = State.connecting
    private let deadlines: AttemptDeadlines
    private var phaseStart: Moment
    private var lastEvent: Moment
    private var isAlive = false
    private var undecodable = 0
    /// Every choice seen so far has finished.
    private var isWhole = false
    private var isPaused = false
    private let latest: Moment

    /// - Parameters:
    ///   - deadlines: Of each phase; fixed from here on.
    ///   - start: When the attempt began, on the clock that all later moments come from.
    public init(deadlines: AttemptDeadlines, start: Moment) {
        (self.deadlines, phaseStart, lastEvent) = (deadlines, start, start)
        latest = start.advanced(byNanoseconds: deadlines.$total)
    }

    /// When `timerFired` wants to be called; nil once the attempt has ended.
    public var deadline: Moment? {
        let phase: Moment
        switch state {
        case .connecting: phase = phaseStart.advanced(byNanoseconds: deadlines.$connect)
        case .waitingForHead: phase = phaseStart.advanced(byNanoseconds: min(deadlines.$head, deadlines.$content))
        case .waitingForContent: phase = phaseStart.advanced(byNanoseconds: deadlines.$content)
        // What we do not read cannot arrive: only the whole attempt's time runs on.
        case .streaming where isPaused, .finishing where isPaused: phase = latest
        case .streaming:
            phase = lastEvent.advanced(byNanoseconds: isAlive ? deadlines.$stretchedSilence : deadlines.$silence)
        case .finishing(let since): return since.advanced(byNanoseconds: deadlines.$trailer)
        case .ended: return nil
        }
        return min(phase, latest)
    }

    // MARK: Events

    /// The connection stands and the request is on its way.
    public mutating func connected(at moment: Moment) {
        guard state == .connecting else { return }
        state = .waitingForHead
        phaseStart = moment
    }

    /// A response head with status 200 came.
    public mutating func headArrived(at moment: Moment) {
        guard state == .connecting || state == .waitingForHead else { return }
        state = .waitingForContent
    }

    /// A comment came: the provider lives, but says nothing.
    public mutating func pingArrived() { isAlive = true }

    /// Reading was stopped because the only reader cannot take more: the provider's silence is not its fault now.
    public mutating func paused() { isPaused = true }

    /// Reading goes on.
    public mutating func resumed(at moment: Moment) {
        guard isPaused else { return }
        isPaused = false
        lastEvent = moment
        if isFinishing { state = .finishing(since: moment) }
    }

    /// A frame came and was decoded.
    ///
    /// - Parameters:
    ///   - hasContent: It showed a reader something.
    ///   - isFinished: Every choice seen so far has finished.
    ///   - isComplete: As many choices were seen as were asked for.
    ///   - isDone: It was the dialect's end mark.
    ///   - hasOpenToolCall: A tool call is being written.
    ///   - moment: When it came.
    /// - Returns: What to do now.
    public mutating func frameArrived(
        hasContent: Bool, isFinished: Bool, isComplete: Bool = true, isDone: Bool, hasOpenToolCall: Bool,
        at moment: Moment
    ) -> Action {
        guard state != .ended else { return .ignore }
        lastEvent = moment
        isAlive = hasOpenToolCall
        isWhole = isFinished
        if isFinished, isComplete {
            // Some providers say of each piece that it is the last: what shows more begins the wait anew.
            if !isFinishing || hasContent { state = .finishing(since: moment) }
        } else if hasContent || isFinishing {
            // Another choice begins behind the first one's finish, or goes on.
            state = .streaming
        }
        guard isDone else { return .proceed }
        return isWhole ? end(.finish) : end(.fail(truncation("sent its end mark without a finish reason")))
    }

    /// A frame came that could not be decoded. It is passed over, unless a tool call is open: then there is a hole in
    /// its arguments.
    public mutating func undecodableFrameArrived(hasOpenToolCall: Bool, at moment: Moment) -> Action {
        guard state != .ended else { return .ignore }
        undecodable += 1
        lastEvent = moment
        guard hasOpenToolCall, !isFinishing else { return .proceed }
        return end(.fail(malformation("a frame inside a tool call could not be decoded")))
    }

    /// The provider reported an error in its stream.
    public mutating func errorArrived(_ failure: GenerationFailure) -> Action {
        guard state != .ended else { return .ignore }
        return end(isFinishing ? .finish : .fail(failure))
    }

    /// The response's bytes ended, properly as far as HTTP can tell.
    public mutating func bytesEnded() -> Action {
        guard state != .ended else { return .ignore }
        if isWhole { return end(.finish) }
        if undecodable > 0 { return end(.fail(malformation("\(undecodable) frames could not be decoded"))) }
        return end(.fail(truncation("ended its stream before the answer was finished")))
    }

    /// The connection failed: before the response, or in the middle of it.
    public mutating func connectionFailed(_ reason: String) -> Action {
        switch state {
        case .ended: return .ignore
        case .finishing: return end(.finish)
        case .connecting, .waitingForHead:
            let message = "the provider cannot be reached (\(reason))"
            return end(.fail(GenerationFailure(code: .providerUnreachable, message: message, isRetryable: true)))
        case .waitingForContent, .streaming:
            return end(.fail(truncation("lost its connection before the answer was finished (\(reason))")))
        }
    }

    /// No connection stood when its time was over.
    public mutating func connectTimedOut() -> Action {
        guard state != .ended else { return .ignore }
        return end(.fail(timeout("did not accept the connection", deadlines.connect)))
    }

    /// What came is not HTTP.
    public mutating func responseBroken(_ reason: String) -> Action {
        guard state != .ended else { return .ignore }
        return isFinishing ? end(.finish) : end(.fail(malformation(reason)))
    }

    /// `deadline` has passed, or a timer fired early.
    public mutating func timerFired(at moment: Moment) -> Action {
        guard let deadline else { return .ignore }
        guard moment >= deadline else { return .proceed }
        if isFinishing { return end(.finish) }
        return end(.fail(timeout(at: moment)))
    }

    /// The attempt is over for another reason; every later event is ignored.
    public mutating func cancelled() { state = .ended }

    // MARK: Ends

    private var isFinishing: Bool { if case .finishing = state { true } else { false } }

    private mutating func end(_ action: Action) -> Action {
        state = .ended
        return action
    }

    private func truncation(_ what: String) -> GenerationFailure {
        GenerationFailure(code: .providerTruncated, message: "the provider \(what)", isRetryable: true)
    }

    private func malformation(_ what: String) -> GenerationFailure {
        let message = "the provider's stream is broken: \(what)"
        return GenerationFailure(code: .providerMalformed, message: message, isRetryable: true)
    }

    private func timeout(at moment: Moment) -> GenerationFailure {
        let phase: (String, Duration)
        if moment >= latest {
            phase = ("did not finish its answer", deadlines.total)
        } else {
            switch state {
            case .connecting: phase = ("did not accept the connection", deadlines.connect)
            case .waitingForHead: phase = ("sent no response", min(deadlines.head, deadlines.content))
            case .waitingForContent: phase = ("sent no content", deadlines.content)
            case .streaming: phase = ("fell silent", isAlive ? deadlines.stretchedSilence : deadlines.silence)
            case .finishing, .ended: phase = ("did not end its stream", deadlines.trailer)
            }
        }
        return timeout(phase.0, phase.1)
    }

    private func timeout(_ what: String, _ time: Duration) -> GenerationFailure {
        let message = "the provider \(what) within \(time)"
        return GenerationFailure(code: .providerTimeout, message: message, isRetryable: true)
    }
}
