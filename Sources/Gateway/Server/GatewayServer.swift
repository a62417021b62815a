import CLinux
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport
import Synchronization

/// Puts a gateway on the network: loops, the simulator's server where it is wanted, and the listening socket.
package final class GatewayServer: Sendable {
    private let group: EventLoopGroup
    private let server: HTTPServer
    private let simulator: SimulatorServer?
    private let gateway: Gateway

    /// Listens from now on.
    ///
    /// - Parameters:
    ///   - given: What was configured.
    ///   - socket: One that was handed over; nil listens on the configured address.
    /// - Throws: `TransportError` when the address cannot be listened on or TLS cannot be set up.
    init(_ given: Configuration, on socket: ActivatedSocket?) throws {
        var configuration = given
        _ = DescriptorLimit.raise()
        group = try EventLoopGroup.start(count: configuration.loops ?? Self.availableCores)
        if configuration.providers.contains(where: { $0.kind == .simulator }) {
            let simulator = try SimulatorServer(group: group)
            configuration.placeSimulator(atPort: simulator.port)
            self.simulator = simulator
        } else {
            simulator = nil
        }
        let needsTLS = configuration.providers.contains { $0.baseURL?.scheme == .https }
        let log = try Observation.Log(configuration)
        let gateway = try Gateway(
            configuration: configuration, group: group, tls: needsTLS ? try TLSProfile() : nil, log: log)
        self.gateway = gateway
        let dispatcher = Dispatcher(gateway: gateway)
        let host = configuration.listen.host == "localhost" ? "127.0.0.1" : configuration.listen.host
        var listening = HTTPServerConfiguration(address: host, port: configuration.listen.port)
        configuration.limits.apply(to: &listening)
        server = try HTTPServer(
            group: group, configuration: listening, on: socket,
            onRefuse: { status, reason, path in
                ("application/json", Dispatcher.refusal(status, reason, at: path))
            },
            onHead: { dispatcher.refusal(of: $0) },
            onReport: { report in gateway.observation(on: report.loop).requestEnded(report) },
            onRequest: { dispatcher.serve($0) })
        gateway.server.withLock { $0 = server }
    }

    /// Starts the process' gateway, on the listening socket that was handed to it if one was.
    ///
    /// - Parameters:
    ///   - configuration: Its `listen` gives way to that socket's address.
    ///   - isOpen: Whether other machines may reach it without keys.
    /// - Returns: A gateway that listens.
    /// - Throws: What is wrong with the socket, the address or TLS, and `Exposed`.
    package static func start(_ configuration: Configuration, isOpen: Bool) throws -> GatewayServer {
        var configuration = configuration
        let socket = try ActivatedSocket.take()
        if let address = socket?.address {
            configuration.listen = ListenAddress(host: address.host, port: address.port)
        }
        try configuration.checkExposure(isOpen: isOpen)
        return try GatewayServer(configuration, on: socket)
    }

    /// Where it listens, as a URL.
    package var url: String {
        let address = server.localAddress
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        return "http://\(host):\(address.port)"
    }

    /// Takes no more connections and closes what is open.
    package func close() {
        server.close()
        simulator?.close()
    }

    // MARK: Stopping

    /// Takes no more connections; what is open goes on.
    package func stopAccepting() {
        gateway.stage = .draining
        server.stopAccepting()
    }

    /// Whether no connection is open, none can come any more, and nothing runs for readers who come later.
    package var isIdle: Bool {
        guard server.hasStopped, server.connectionCount == 0 else { return false }
        return gateway.stage == .ending || !gateway.registry.isLogging
    }

    /// Ends what is still running, with an error that its readers see.
    package func endStreams() {
        gateway.stage = .ending
        for place in gateway.registry.all {
            place.generation.loop.execute { place.generation.value.shutDown() }
        }
    }

    /// Closes what is open, ends the loops and has the last lines of the log printed, within a second.
    package func end() {
        close()
        gateway.closeKeepers()
        group.shutdown()
        gateway.archive?.close()
        gateway.log?.writer.close(within: 1000)
    }

    /// What is printed as soon as it listens: lines for a person, or one of the log.
    ///
    /// - Parameter hint: What a person might try, if there is something.
    /// - Returns: Whole lines for standard output.
    package func greeting(hint: String?) -> [UInt8] {
        let message = "freshet is listening on \(url)"
        guard let log = gateway.log, !log.isText else {
            return Array((message + "\n" + (hint.map { $0 + "\n" } ?? "")).utf8)
        }
        return Observation.Log.listening(message, url: url, at: WallClock.milliseconds())
    }

    /// Cores this process may run on.
    private static var availableCores: Int { min(max(Int(freshet_available_cores()), 1), 256) }
}
