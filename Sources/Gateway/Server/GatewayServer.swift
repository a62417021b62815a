import CLinux
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// Puts a gateway on the network: loops, the simulator's server where it is wanted, and the listening socket.
package final class GatewayServer: Sendable {
    private let group: EventLoopGroup
    private let server: HTTPServer
    private let simulator: SimulatorServer?
    private let gateway: Gateway

    /// Listens from now on.
    ///
    /// - Throws: `TransportError` when the address cannot be listened on or TLS cannot be set up.
    package init(_ given: Configuration) throws {
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
        let gateway = Gateway(
            configuration: configuration, group: group, tls: needsTLS ? try TLSProfile() : nil)
        self.gateway = gateway
        let dispatcher = Dispatcher(gateway: gateway)
        let host = configuration.listen.host == "localhost" ? "127.0.0.1" : configuration.listen.host
        var listening = HTTPServerConfiguration(address: host, port: configuration.listen.port)
        configuration.limits.apply(to: &listening)
        server = try HTTPServer(
            group: group, configuration: listening,
            onRefuse: { status, reason, _ in ("application/json", Dispatcher.refusal(status, reason)) },
            onHead: { dispatcher.refusal(of: $0) }, onRequest: { dispatcher.serve($0) })
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

    /// Cores this process may run on.
    private static var availableCores: Int { min(max(Int(freshet_available_cores()), 1), 256) }
}
