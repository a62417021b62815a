/// `GET /metrics`: what was counted, under names that docs/operations.md explains.
struct MetricsExposition {
    /// What the process knows beside its loops.
    struct Process: Sendable {
        var connections = 0
        var bodyBytes = 0
        var keptGenerations = 0
        var isDraining = false
        var logLines: UInt64 = 0
        var droppedLogLines: UInt64 = 0
        var residentBytes: UInt64 = 0
        var processorNanoseconds: UInt64 = 0
        var startMilliseconds: UInt64 = 0
    }

    private var out = PrometheusText()

    /// Writes everything.
    ///
    /// - Parameters:
    ///   - loops: Each loop's, in their order.
    ///   - process: What they share.
    /// - Returns: The body of an answer in `PrometheusText.contentType`.
    static func text(_ loops: [Metrics], _ process: Process) -> [UInt8] {
        var exposition = MetricsExposition()
        var sum = Metrics()
        for loop in loops { sum.merge(loop) }
        exposition.requests(sum, process)
        exposition.generations(sum, process)
        exposition.answers(sum)
        exposition.process(loops, process)
        return exposition.out.bytes
    }

    private mutating func requests(_ sum: Metrics, _ process: Process) {
        out.family("freshet_requests_total", "counter", "Requests that ended; status 0: the client left before any.")
        for (series, count) in sum.requests.sorted(by: {
            ($0.key.endpoint, $0.key.status) < ($1.key.endpoint, $1.key.status)
        }) {
            out.sample([("endpoint", series.endpoint), ("status", String(series.status))], count)
        }
        out.family("freshet_requests_refused_total", "counter", "Requests and connections past a limit.")
        for (limit, count) in sum.refused.sorted(by: { $0.key < $1.key }) { out.sample([("limit", limit)], count) }
        out.family("freshet_clients_gone_total", "counter", "Clients that left before their response was complete.")
        out.sample(sum.clientsGone)
        out.family("freshet_response_bytes_total", "counter", "Bytes of responses that ended, heads included.")
        out.sample(sum.responseBytes)
        out.family("freshet_connections", "gauge", "Open connections of clients.")
        out.sample(UInt64(clamping: process.connections))
        out.family("freshet_request_body_bytes", "gauge", "Bytes of request bodies held.")
        out.sample(UInt64(clamping: process.bodyBytes))
    }

    private mutating func generations(_ sum: Metrics, _ process: Process) {
        out.family("freshet_generations_running", "gauge", "Generations that have not ended.")
        out.sample(UInt64(clamping: sum.runningGenerations))
        out.family("freshet_generations_kept", "gauge", "Generations held in memory, running or ended.")
        out.sample(UInt64(clamping: process.keptGenerations))
        out.family("freshet_readers", "gauge", "Cursors being served.")
        out.sample(UInt64(clamping: sum.readers))
        out.family("freshet_log_bytes", "gauge", "Bytes that the logs in memory account for.")
        out.sample(UInt64(clamping: sum.logBytes))
        out.family("freshet_generations_total", "counter", "Generations that ended, by their outcome.")
        for (outcome, count) in sum.outcomes.sorted(by: { $0.key < $1.key }) {
            out.sample([("outcome", outcome)], count)
        }
        out.family("freshet_generation_failures_total", "counter", "Generations that failed, by the error's type.")
        for (type, count) in sum.failures.sorted(by: { $0.key < $1.key }) { out.sample([("error_type", type)], count) }
        out.family("freshet_events_total", "counter", "Events of generations that ended.")
        out.sample(sum.events)
        out.family("freshet_estimated_tokens_total", "counter", "Tokens estimated where no provider reported any.")
        out.sample([("type", "input")], sum.estimatedTokens.input)
        out.sample([("type", "output")], sum.estimatedTokens.output)
        out.family("freshet_attempts_total", "counter", "Requests to providers, by how they ended.")
        for (labels, count) in attempts(sum) { out.sample(labels, count) }
        out.family("freshet_provider_connections_idle", "gauge", "Connections to providers kept for the next request.")
        out.sample(UInt64(clamping: sum.idleProviderConnections))
    }

    /// Each attempt has its duration, under its provider and how it ended.
    private func attempts(_ sum: Metrics) -> [([PrometheusText.Label], UInt64)] {
        var counts: [[String]: UInt64] = [:]
        for (series, answers) in sum.client where answers.duration.total > 0 {
            let outcome = series.errorType.isEmpty ? "finished" : series.errorType
            counts[[series.provider, outcome], default: 0] &+= answers.duration.total
        }
        return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, count in
            let labels: [PrometheusText.Label] = [("provider", key[0]), ("outcome", key[1])]
            return (labels, count)
        }
    }

    private mutating func answers(_ sum: Metrics) {
        let client = Self.sorted(sum.client)
        out.family(
            "gen_ai_client_operation_duration_seconds", "histogram", "Requests to providers, from start to end.")
        for (series, answers) in client { out.sample(labels(series), answers.duration) }
        out.family(
            "gen_ai_client_operation_time_to_first_chunk_seconds", "histogram",
            "From a request to a provider to its first content, reasoning included.")
        for (series, answers) in client where series.errorType.isEmpty {
            out.sample(labels(series), answers.firstContent)
        }
        out.family("gen_ai_client_token_usage", "histogram", "Tokens as providers reported them.")
        for (series, answers) in client where series.errorType.isEmpty {
            out.sample(labels(series) + [("gen_ai_token_type", "input")], answers.inputTokens)
            out.sample(labels(series) + [("gen_ai_token_type", "output")], answers.outputTokens)
        }
        let server = Self.sorted(sum.server)
        out.family("gen_ai_server_request_duration_seconds", "histogram", "Generations, from request to end.")
        for (series, answers) in server { out.sample(labels(series), answers.duration) }
        out.family(
            "gen_ai_server_time_to_first_token_seconds", "histogram",
            "From a request to its first content, reasoning included.")
        for (series, answers) in server where series.errorType.isEmpty {
            out.sample(labels(series), answers.firstContent)
        }
        out.family(
            "gen_ai_server_time_per_output_token_seconds", "histogram",
            "Mean time per token after the first, one value for each finished generation.")
        for (series, answers) in server where series.errorType.isEmpty { out.sample(labels(series), answers.perToken) }
    }

    private mutating func process(_ loops: [Metrics], _ process: Process) {
        out.family("freshet_loop_lag_seconds", "histogram", "How late a periodic timer of each loop fired.")
        for (index, loop) in loops.enumerated() { out.sample([("loop", String(index))], loop.lag) }
        out.family("freshet_draining", "gauge", "1 while the process takes no more connections.")
        out.sample(process.isDraining ? 1 : 0)
        out.family("freshet_log_lines_total", "counter", "Lines that were to be logged.")
        out.sample(process.logLines)
        out.family("freshet_log_lines_dropped_total", "counter", "Lines that found no room because nobody read them.")
        out.sample(process.droppedLogLines)
        out.family("process_resident_memory_bytes", "gauge", "Resident memory.")
        out.sample(process.residentBytes)
        out.family("process_cpu_seconds_total", "counter", "Processor time, user and system.")
        out.sample(nanoseconds: process.processorNanoseconds)
        out.family("process_start_time_seconds", "gauge", "When the process began, in Unix time.")
        out.sample(nanoseconds: process.startMilliseconds &* 1_000_000)
    }

    private static func sorted(
        _ series: [Metrics.ModelSeries: Metrics.Answers]
    ) -> [(Metrics.ModelSeries, Metrics.Answers)] {
        series.map { ($0.key, $0.value) }.sorted {
            ($0.0.provider, $0.0.model, $0.0.errorType) < ($1.0.provider, $1.0.model, $1.0.errorType)
        }
    }

    private func labels(_ series: Metrics.ModelSeries) -> [PrometheusText.Label] {
        let labels: [PrometheusText.Label] = [
            ("gen_ai_operation_name", "chat"), ("gen_ai_provider_name", series.provider),
            ("gen_ai_request_model", series.model),
        ]
        return series.errorType.isEmpty ? labels : labels + [("error_type", series.errorType)]
    }
}
