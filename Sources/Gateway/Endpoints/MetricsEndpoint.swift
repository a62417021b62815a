import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport
import Synchronization

/// `GET /metrics`: asks each loop for its numbers and answers when all have.
struct MetricsEndpoint {
    let gateway: Gateway
    /// A loop that does not answer for so long is stuck: an answer without its numbers would let counters fall.
    private static let patience = Duration.seconds(2)

    func serve(_ exchange: HTTPServerExchange) {
        let loops = gateway.group.loops
        let gathering = Gathering(loops.count)
        let pending = Pending(exchange)
        let asker = LoopBound(pending, on: exchange.loop)
        pending.timer = exchange.loop.schedule(after: Self.patience) { [pending] in pending.answerLate() }
        let kept = gateway.registry.all
        for (index, loop) in loops.enumerated() {
            loop.execute { [gateway] in
                let metrics = gateway.metrics(of: loop, kept)
                guard gathering.add(metrics, at: index) else { return }
                asker.loop.execute { asker.value.answer(gathering.text(gateway.processFigures(kept.count))) }
            }
        }
    }

    /// What the loops have said.
    private final class Gathering: Sendable {
        private let metrics: Locked<[Metrics?]>

        init(_ count: Int) { metrics = Locked(Array(repeating: nil, count: count)) }

        /// - Returns: Whether it was the last one.
        func add(_ metrics: Metrics, at index: Int) -> Bool {
            self.metrics.withLock { all in
                all[index] = metrics
                return !all.contains { $0 == nil }
            }
        }

        func text(_ process: MetricsExposition.Process) -> [UInt8] {
            MetricsExposition.text(metrics.withLock { $0.compactMap(\.self) }, process)
        }
    }

    /// The request that waits; confined to its loop.
    private final class Pending {
        private var exchange: HTTPServerExchange?
        var timer: LoopTimer?

        init(_ exchange: HTTPServerExchange) { self.exchange = exchange }

        func answer(_ text: [UInt8]) {
            var fields = HTTPFields()
            fields.append("content-type", PrometheusText.contentType)
            fields.append("cache-control", "no-store")
            exchange?.respond(status: 200, fields: fields, body: text)
            release()
        }

        func answerLate() {
            if let exchange {
                let failure = GenerationFailure(
                    code: .overloaded, message: "a loop does not answer", isRetryable: true)
                ErrorAnswer(failure).send(on: exchange)
            }
            release()
        }

        private func release() {
            timer?.cancel()
            (timer, exchange) = (nil, nil)
        }
    }
}

extension Gateway {
    /// What one loop has counted and holds; on that loop.
    fileprivate func metrics(of loop: EventLoop, _ kept: [GenerationRegistry.Place]) -> Metrics {
        var metrics = observation(on: loop).metrics
        metrics.idleProviderConnections = client(on: loop).idleCount
        for place in kept where place.generation.loop === loop {
            metrics.logBytes += place.generation.value.live.log.accountedBytes
        }
        return metrics
    }

    fileprivate func processFigures(_ kept: Int) -> MetricsExposition.Process {
        var figures = MetricsExposition.Process()
        let server = server.withLock { $0 }
        figures.connections = server?.connectionCount ?? 0
        figures.bodyBytes = server?.heldBodyBytes ?? 0
        figures.keptGenerations = kept
        figures.isDraining = stage != .serving
        (figures.logLines, figures.droppedLogLines) = log?.writer.counts ?? (0, 0)
        figures.residentBytes = ProcessFigures.residentBytes
        figures.processorNanoseconds = ProcessFigures.processorNanoseconds
        figures.startMilliseconds = startMilliseconds
        return figures
    }
}
