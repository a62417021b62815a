import FreshetHTTPWire
import FreshetSimulator
package import FreshetTransport
import Synchronization

/// The simulator as a provider on the network: performs the scripts that `Simulator` makes.
package final class SimulatorServer: Sendable {
    private let server: HTTPServer

    /// Listens from now on.
    ///
    /// - Parameters:
    ///   - group: Its loops perform the scripts.
    ///   - address: An IP literal.
    ///   - port: 0 takes a free one.
    ///   - recording: A recorded stream that answers every request; nil for the pretended models.
    /// - Throws: When the address cannot be listened on.
    package init(
        group: EventLoopGroup, address: String = "127.0.0.1", port: UInt16 = 0, recording: [UInt8]? = nil
    ) throws(TransportError) {
        let simulator = Shared(Simulator(recording: recording))
        server = try HTTPServer(
            group: group, configuration: HTTPServerConfiguration(address: address, port: port),
            onRequest: { exchange in
                SimulatedExchange(exchange, Self.script(for: exchange, simulator)).start()
            })
    }

    /// Serves by itself until the process ends.
    ///
    /// - Returns: Where it listens, as a URL.
    package static func run(_ address: ListenAddress, recording: [UInt8]?) throws -> String {
        _ = DescriptorLimit.raise()
        let host = address.host == "localhost" ? "127.0.0.1" : address.host
        let server = try SimulatorServer(
            group: try EventLoopGroup.start(count: 1), address: host, port: address.port, recording: recording)
        running.withLock { $0 = server }
        let name = host.contains(":") ? "[\(host)]" : host
        return "http://\(name):\(server.port)"
    }

    /// Keeps the one that runs by itself.
    private static let running = Locked<SimulatorServer?>(nil)

    /// Where it listens.
    package var port: UInt16 { server.localAddress.port }

    /// Takes no more connections and cuts the streams that are open.
    package func close() { server.close() }

    /// Locked per request: it counts the requests of each model.
    private final class Shared: Sendable {
        let simulator: Locked<Simulator>

        init(_ simulator: Simulator) { self.simulator = Locked(simulator) }
    }

    private static func script(for exchange: HTTPServerExchange, _ shared: Shared) -> SimulatorScript {
        let head = exchange.head
        let path = (try? HTTPPath(parsing: head.path))?.segments ?? []
        let query = try? HTTPQuery(parsing: head.query)
        if head.method == "POST", let endpoint = SimulatorEndpoint(path: path, isEventStream: query?["alt"] == "sse") {
            let body = exchange.body
            return shared.simulator.withLock { $0.respond(to: body, at: endpoint) }
        }
        let dialect = SimulatorDialect(
            path: path, isAnthropic: head.fields["anthropic-version"] != nil,
            isGoogle: head.fields["x-goog-api-client"] != nil)
        if head.method == "GET", path.last == "models", path.count < 3 { return Simulator.models(in: dialect) }
        return SimulatorScript(refusing: .unknownPath, in: dialect)
    }
}

/// One script being performed. Confined to its connection's loop; alive as long as the exchange holds its callbacks.
private final class SimulatedExchange {
    /// Bytes the client has not taken when the script waits for it.
    private static let limit = 256 << 10
    /// Steps performed in one turn, so that an unpaced stream leaves the others their turn.
    private static let stepsPerTurn = 256

    private let exchange: HTTPServerExchange
    private var script: SimulatorScript
    private let begun: MonotonicTime
    private var next: SimulatorStep?
    private var bytes: [UInt8] = []
    private var timer: LoopTimer?
    private var hasHead = false
    private var isOver = false

    init(_ exchange: HTTPServerExchange, _ script: SimulatorScript) {
        (self.exchange, self.script, begun) = (exchange, script, exchange.loop.now())
    }

    func start() {
        exchange.onGone = { self.end() }
        exchange.onWritable = { self.run() }
        timer = exchange.loop.schedule(at: .never) { [weak self] in self?.run() }
        run()
    }

    private func run() {
        for _ in 0..<Self.stepsPerTurn {
            guard !isOver, exchange.pendingBytes < Self.limit else { return }
            if next == nil {
                bytes.removeAll(keepingCapacity: true)
                next = script.next(into: &bytes)
            }
            guard let step = next else { return finish() }
            let due = begun + .microseconds(Int64(clamping: step.due))
            guard due <= exchange.loop.now() else {
                timer?.rearm(at: due)
                return
            }
            next = nil
            perform(step.action)
        }
        timer?.rearm(at: exchange.loop.now())
    }

    private func perform(_ action: SimulatorStep.Action) {
        switch action {
        case .write:
            sendHead()
            exchange.write { $0 += bytes }
            // One write of the script is one write on the wire: how bytes are cut is what is being tried.
            exchange.flushNow()
        case .end:
            sendHead()
            finish()
        case .cut:
            sendHead()
            exchange.abortStream()
            end()
        case .reset:
            sendHead()
            exchange.resetStream()
            end()
        case .stall:
            // Open, and silent, until the client leaves.
            isOver = true
            timer?.disarm()
        }
    }

    private func sendHead() {
        guard !hasHead else { return }
        hasHead = true
        var fields = HTTPFields()
        for header in script.head.headers { fields.append(header.name, header.value) }
        exchange.startStream(status: script.head.status, fields: fields)
    }

    private func finish() {
        exchange.endStream()
        end()
    }

    private func end() {
        isOver = true
        timer?.cancel()
        exchange.onGone = nil
        exchange.onWritable = nil
    }
}
