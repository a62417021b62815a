/// What one loop has counted since its start; a plain value, so that a scrape takes a copy and adds up those of all
/// loops.
///
/// Nothing here is touched per token.
struct Metrics: Sendable {
    /// Requests of one endpoint that ended with one status.
    struct RequestSeries: Hashable, Sendable {
        /// A path that this program knows, or `other`.
        var endpoint: String
        /// 0: the client left before a response began.
        var status: Int
    }

    /// Who answered, and under which of the bounded names.
    struct ModelSeries: Hashable, Sendable {
        var provider: String
        var model: String
        /// `cancelled` too; empty for what finished, and for all that is measured beside the duration.
        var errorType = ""
    }

    /// What was measured of answers under one name. Tokens are those that providers reported.
    struct Answers: Sendable, Equatable {
        var duration = Histogram(.duration)
        var firstContent: Histogram
        var perToken = Histogram(.perToken)
        var inputTokens = Histogram(.tokens)
        var outputTokens = Histogram(.tokens)

        init(firstContent bounds: HistogramBounds) { firstContent = Histogram(bounds) }

        mutating func merge(_ other: Answers) {
            duration.merge(other.duration)
            firstContent.merge(other.firstContent)
            perToken.merge(other.perToken)
            inputTokens.merge(other.inputTokens)
            outputTokens.merge(other.outputTokens)
        }
    }

    var requests: [RequestSeries: UInt64] = [:]
    /// By the name of the limit.
    var refused: [String: UInt64] = [:]
    /// Clients that left before their response was complete.
    var clientsGone: UInt64 = 0
    var responseBytes: UInt64 = 0
    /// By how generations ended.
    var outcomes: [String: UInt64] = [:]
    /// By why they failed.
    var failures: [String: UInt64] = [:]
    /// Of generations that ended.
    var events: UInt64 = 0
    /// Where no provider reported any.
    var estimatedTokens: (input: UInt64, output: UInt64) = (0, 0)
    /// As a provider's client: one duration for each attempt.
    var client: [ModelSeries: Answers] = [:]
    /// As a server, by the name that was asked for.
    var server: [ModelSeries: Answers] = [:]
    /// How late a periodic timer fired.
    var lag = Histogram(.lag)

    // What there is at this moment.
    var runningGenerations = 0
    var readers = 0
    var logBytes = 0
    var idleProviderConnections = 0

    /// Adds what another loop counted.
    mutating func merge(_ other: Metrics) {
        requests.merge(other.requests, uniquingKeysWith: &+)
        refused.merge(other.refused, uniquingKeysWith: &+)
        clientsGone &+= other.clientsGone
        responseBytes &+= other.responseBytes
        outcomes.merge(other.outcomes, uniquingKeysWith: &+)
        failures.merge(other.failures, uniquingKeysWith: &+)
        events &+= other.events
        estimatedTokens.input &+= other.estimatedTokens.input
        estimatedTokens.output &+= other.estimatedTokens.output
        client.merge(other.client, uniquingKeysWith: Self.sum)
        server.merge(other.server, uniquingKeysWith: Self.sum)
        lag.merge(other.lag)
        runningGenerations += other.runningGenerations
        readers += other.readers
        logBytes += other.logBytes
        idleProviderConnections += other.idleProviderConnections
    }

    private static func sum(_ one: Answers, _ other: Answers) -> Answers {
        var sum = one
        sum.merge(other)
        return sum
    }
}
