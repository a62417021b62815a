import FreshetHTTPWire
import FreshetTransport

/// Asks over one client and writes down what its delegate hears.
final class Asker: HTTPClientDelegate {
    /// What happened, as text: `connected`, `head 200`, `body …`, `ended`, `failed code`.
    let journal = Journal<String>()
    let over = Promise<Void>()
    let failure = Promise<TransportError>()
    let bodyBytes = Counter()
    let keepsBody: Bool
    private let exchange = Promise<LoopBound<HTTPClientExchange>>()

    init(keepsBody: Bool = true) { self.keepsBody = keepsBody }

    func connected() { journal.append("connected") }
    func received(head: HTTPResponseHead) { journal.append("head \(head.status)") }
    func received(body: Span<UInt8>) {
        bodyBytes.add(body.count)
        guard keepsBody else { return }
        journal.append("body " + body.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
    func ended() {
        journal.append("ended")
        over.fulfil(())
    }
    func failed(_ error: TransportError) {
        journal.append("failed \(error.code)")
        failure.fulfil(error)
        over.fulfil(())
    }

    /// What was heard, the pieces of the body joined.
    var story: [String] {
        journal.entries.reduce(into: []) { story, entry in
            if entry.hasPrefix("body "), story.last?.hasPrefix("body ") == true {
                story[story.count - 1] += entry.dropFirst(5)
            } else {
                story.append(entry)
            }
        }
    }

    /// Does something with the exchange on its loop.
    func withExchange(_ body: @escaping @Sendable (HTTPClientExchange) -> Void) {
        guard let bound = exchange.wait() else { return }
        bound.loop.run { body(bound.value) }
    }

    fileprivate func sent(_ exchange: LoopBound<HTTPClientExchange>) { self.exchange.fulfil(exchange) }
}

/// A client on a loop of its own.
struct TestClient {
    let group: EventLoopGroup
    var loop: EventLoop { group.loops[0] }
    private let client: LoopBound<HTTPClient>

    init(tls: TLSProfile? = nil, _ adjust: (inout HTTPClient.Limits) -> Void = { _ in }) throws {
        group = try EventLoopGroup.start(count: 1)
        var limits = HTTPClient.Limits()
        adjust(&limits)
        let loop = group.loops[0]
        client = LoopBound(HTTPClient(loop: loop, tls: tls, resolver: Resolver(), limits: limits), on: loop)
    }

    func stop() { group.shutdown() }

    var idleCount: Int { loop.run { [client] in client.value.idleCount } }

    /// Sends and returns at once.
    func send(_ request: HTTPClientRequest, _ asker: Asker = Asker()) -> Asker {
        let bound = LoopBound(asker, on: loop)
        loop.run { [client] in
            bound.value.sent(LoopBound(client.value.send(request, to: bound.value), on: bound.loop))
        }
        return asker
    }

    /// Sends and waits for the end.
    func ask(_ request: HTTPClientRequest) -> [String] {
        let asker = send(request)
        _ = asker.over.wait()
        return asker.story
    }
}

extension HTTPClientRequest {
    static func get(_ port: UInt16, _ target: String = "/", host: String = "127.0.0.1", key: String = "") -> Self {
        HTTPClientRequest(
            origin: HTTPOrigin(scheme: .http, host: host, port: port), poolKey: key, method: "GET", target: target)
    }

    static func post(_ port: UInt16, _ body: [UInt8]) -> Self {
        var request = get(port)
        (request.method, request.body) = ("POST", body)
        return request
    }
}
