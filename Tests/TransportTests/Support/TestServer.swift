import FreshetHTTPWire
import FreshetTransport

/// A server of its own group on a free port of 127.0.0.1.
struct TestServer {
    let group: EventLoopGroup
    let server: HTTPServer
    var port: UInt16 { server.localAddress.port }

    init(
        loops: Int = 1, _ adjust: (inout HTTPServerConfiguration) -> Void = { _ in },
        onRefuse: @escaping HTTPServer.Refusal = HTTPServer.plainRefusal,
        onHead: @escaping HTTPServer.Admission = { _ in nil },
        onRequest: @escaping @Sendable (HTTPServerExchange) -> Void
    ) throws {
        var configuration = HTTPServerConfiguration()
        adjust(&configuration)
        group = try EventLoopGroup.start(count: loops)
        server = try HTTPServer(
            group: group, configuration: configuration, onRefuse: onRefuse, onHead: onHead, onRequest: onRequest)
    }

    /// Answers with method, path and body in one line.
    static let echo: @Sendable (HTTPServerExchange) -> Void = { exchange in
        exchange.respond(
            status: 200, body: Array("\(exchange.head.method) \(exchange.head.path) ".utf8) + exchange.body)
    }

    func connect(receiveBuffer: Int32? = nil) -> RawSocket { RawSocket(port: port, receiveBuffer: receiveBuffer) }

    func stop() { group.shutdown() }
}

extension HTTPServerExchange {
    /// Payload of the given size, from one array: in debug builds a lazy collection takes seconds.
    func write(filler count: Int) {
        let bytes = [UInt8](repeating: 0x78, count: count)
        write { $0.append(contentsOf: bytes) }
    }

    func write(_ text: String) { write { $0.append(contentsOf: text.utf8) } }
}
