import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// What one loop counts and logs. Confined to that loop: counting is adding to its own numbers.
final class Observation {
    private(set) var metrics = Metrics()
    private let log: Log?
    private var names: MetricNames
    private var line: [UInt8] = []
    private var lagTimer: LoopTimer?
    private static let lagPeriod = Duration.milliseconds(250)

    /// Where lines go, and which.
    struct Log: Sendable {
        let writer: LogWriter
        let level: LogLevel
        /// Not `auto`.
        let isText: Bool
    }

    /// - Parameters:
    ///   - names: Names that always may become labels.
    ///   - log: nil logs nothing.
    init(names: Set<String>, log: Log?) {
        self.names = MetricNames(configured: names)
        self.log = log
    }

    /// Measures from now on how late the loop's timers fire.
    func watch(_ loop: EventLoop) {
        lagTimer = loop.schedule(at: .never) { [unowned self, unowned loop] in
            let now = MonotonicTime.read()
            metrics.lag.observe(now.nanoseconds(since: due))
            arm(loop)
        }
        arm(loop)
    }

    private var due = MonotonicTime.never

    private func arm(_ loop: EventLoop) {
        due = MonotonicTime.read() + Self.lagPeriod
        lagTimer?.rearm(at: due)
    }

    // MARK: Generations

    /// A generation has begun.
    func generationBegan() { metrics.runningGenerations += 1 }

    /// A reader was attached (1) or has left (-1).
    func readersChanged(by count: Int) { metrics.readers += count }

    /// A generation has its last event.
    func generationEnded(_ generation: LiveGeneration, _ end: GenerationEnd) {
        metrics.runningGenerations -= 1
        metrics.events &+= generation.live.log.lastSequence
        let errorType = end.failure.map {
            MetricNames.errorType($0.code.name, isProvidersWord: $0.isProvidersWord)
        }
        let isAbandoned = errorType == "abandoned"
        metrics.outcomes[isAbandoned ? "abandoned" : end.outcome.rawValue, default: 0] &+= 1
        if let errorType, !isAbandoned { metrics.failures[errorType, default: 0] &+= 1 }
        guard let route = generation.route else { return }
        let now = generation.loop.now()
        let series = Metrics.ModelSeries(
            provider: route.provider,
            model: names.label(generation.model, isProven: end.outcome == .finished), errorType: errorType ?? "")
        count(series, in: &metrics.server, .firstToken) { answers in
            answers.duration.observe(now.nanoseconds(since: generation.began))
        } ofAll: { answers in
            guard let first = generation.firstContent else { return }
            answers.firstContent.observe(first.nanoseconds(since: generation.began))
            guard end.outcome == .finished, let tokens = end.usage?.outputTokens, tokens > 1 else { return }
            answers.perToken.observe(now.nanoseconds(since: first) / UInt64(tokens - 1))
        }
    }

    /// An attempt is over.
    ///
    /// - Parameters:
    ///   - generation: The one it was made for.
    ///   - attempt: Its phases and its request.
    ///   - outcome: `finished`, `cancelled` or `failed`.
    ///   - failure: Why it failed.
    ///   - usage: What it used, estimated or not.
    func attemptEnded(
        _ generation: LiveGeneration, _ attempt: ProviderAttempt, _ outcome: String,
        failure: GenerationFailure? = nil, usage: Usage?
    ) {
        guard let route = generation.route else { return }
        let timeline = attempt.timeline
        let ended = timeline.ended ?? generation.loop.now()
        let errorType = failure.map { MetricNames.errorType($0.code.name, isProvidersWord: $0.isProvidersWord) }
        let series = Metrics.ModelSeries(
            provider: route.provider, model: names.label(route.model, isProven: outcome == "finished"),
            errorType: errorType ?? (outcome == "cancelled" ? "cancelled" : ""))
        count(series, in: &metrics.client, .duration) { answers in
            answers.duration.observe(ended.nanoseconds(since: timeline.started))
        } ofAll: { answers in
            if let first = timeline.firstContent {
                answers.firstContent.observe(first.nanoseconds(since: timeline.started))
            }
            guard let usage, !usage.isEstimate else { return }
            if let tokens = usage.inputTokens { answers.inputTokens.observe(UInt64(clamping: tokens)) }
            if let tokens = usage.outputTokens { answers.outputTokens.observe(UInt64(clamping: tokens)) }
        }
        if let usage, usage.isEstimate {
            metrics.estimatedTokens.input &+= UInt64(clamping: usage.inputTokens ?? 0)
            metrics.estimatedTokens.output &+= UInt64(clamping: usage.outputTokens ?? 0)
        }
        guard let log, log.level == .debug else { return }
        func since(_ moment: MonotonicTime?) -> UInt64? { moment?.nanoseconds(since: timeline.started) }
        write(
            AttemptLine(
                time: WallClock.milliseconds(), generation: generation.id, route: generation.routeName,
                url: generation.attemptURL, status: timeline.status, outcome: outcome,
                error: failure?.code.name ?? "", isReused: timeline.isReused, connected: since(timeline.connected),
                head: since(timeline.head), firstContent: since(timeline.firstContent), ended: since(ended) ?? 0),
            to: log)
    }

    /// Counts what depends on the end in its own series, and what does not in that of success.
    private func count(
        _ series: Metrics.ModelSeries, in all: inout [Metrics.ModelSeries: Metrics.Answers],
        _ firstContent: HistogramBounds, ofThis: (inout Metrics.Answers) -> Void,
        ofAll: (inout Metrics.Answers) -> Void
    ) {
        func count(_ series: Metrics.ModelSeries, _ body: (inout Metrics.Answers) -> Void) {
            body(&all[series, default: Metrics.Answers(firstContent: firstContent)])
        }
        guard !series.errorType.isEmpty else {
            // Nearly always: both are one.
            return count(series) { answers in
                ofThis(&answers)
                ofAll(&answers)
            }
        }
        count(series, ofThis)
        count(series.succeeded, ofAll)
    }

    // MARK: Requests

    /// A request is over: counts it and writes its line.
    func requestEnded(_ report: HTTPServerReport) {
        let record = report.exchange?.record
        report.exchange?.attachment = nil
        let endpoint = record?.endpoint ?? RequestRecord.otherEndpoint
        metrics.requests[.init(endpoint: endpoint, status: report.status), default: 0] &+= 1
        metrics.responseBytes &+= UInt64(clamping: report.sentBytes)
        if report.isGone { metrics.clientsGone &+= 1 }
        if let limit = report.limit { metrics.refused[limit, default: 0] &+= 1 }
        guard let log, log.level < .off else { return }
        let line = requestLine(report, record)
        if line.level >= log.level { write(line, to: log) }
    }

    private func requestLine(_ report: HTTPServerReport, _ record: RequestRecord?) -> RequestLine {
        var line = RequestLine(time: WallClock.milliseconds())
        if let head = report.head { (line.method, line.path) = (head.method, head.path) }
        line.status = report.status
        line.bytes = report.sentBytes
        line.limit = report.limit
        if report.began != .never { line.duration = report.loop.now().nanoseconds(since: report.began) }
        line.outcome = report.isGone ? "client_gone" : report.status < 400 ? "ok" : "refused"
        if let record {
            (line.owner, line.dialect, line.events) = (record.owner, record.dialect, record.events)
            line.error = record.error
            if let generation = record.generation { tell(generation, record, report, in: &line) }
        }
        line.level = level(of: line)
        return line
    }

    private func tell(
        _ generation: LiveGeneration, _ record: RequestRecord, _ report: HTTPServerReport, in line: inout RequestLine
    ) {
        line.generation = generation.id
        line.model = generation.model
        line.route = generation.routeName
        if record.isCreator, let first = generation.firstContent {
            line.firstContent = first.nanoseconds(since: report.began)
        }
        guard !report.isGone, record.error.isEmpty, let end = generation.end else { return }
        line.outcome = end.outcome.rawValue
        line.error = end.failure?.code.name ?? ""
    }

    private func level(of line: RequestLine) -> LogLevel {
        if line.status >= 500 || line.outcome == "failed" || line.outcome == "interrupted" { return .warn }
        return RequestRecord.probes.contains(line.path) && line.status == 200 ? .debug : .info
    }

    // MARK: Lines

    private func write(_ request: RequestLine, to log: Log) {
        line.removeAll(keepingCapacity: true)
        if log.isText { request.appendText(to: &line) } else { request.appendJSON(to: &line) }
        log.writer.write(line)
    }

    private func write(_ attempt: AttemptLine, to log: Log) {
        line.removeAll(keepingCapacity: true)
        if log.isText { attempt.appendText(to: &line) } else { attempt.appendJSON(to: &line) }
        log.writer.write(line)
    }
}

extension Metrics.ModelSeries {
    /// Where what does not depend on the end is counted.
    fileprivate var succeeded: Self { Self(provider: provider, model: model) }
}

extension MonotonicTime {
    /// Nanoseconds from an earlier moment to this one; 0 when it was not earlier. `Duration` would calculate in 128 bits.
    fileprivate func nanoseconds(since start: MonotonicTime) -> UInt64 {
        UInt64(clamping: nanoseconds.subtractingReportingOverflow(start.nanoseconds).partialValue)
    }
}
