import FreshetHTTPWire
import FreshetTransport

/// Where a gateway is, and how it is asked. Confined to the client's loop.
final class GatewayPlace {
    let loop: EventLoop
    let http: HTTPClient
    private let origin: HTTPOrigin
    private let path: String
    private let key: String?
    /// Held until they are over or left, whether or not anybody kept their handles.
    private var streams: [ObjectIdentifier: GenerationStream] = [:]

    init(loop: EventLoop, http: HTTPClient, origin: HTTPOrigin, path: String, key: String?) {
        (self.loop, self.http, self.origin, self.path, self.key) = (loop, http, origin, path, key)
    }

    func opened(_ stream: GenerationStream) { streams[ObjectIdentifier(stream)] = stream }

    func closed(_ stream: GenerationStream) { streams[ObjectIdentifier(stream)] = nil }

    /// The client is done with: each stream that is open breaks off.
    func close() {
        for stream in Array(streams.values) { stream.fail(.interrupted, "the client was closed") }
    }

    /// A request with the caller's key.
    func request(_ method: String, _ target: String, accept: String, body: [UInt8] = []) -> HTTPClientRequest {
        var fields = HTTPFields()
        fields.append("accept", accept)
        if !body.isEmpty { fields.append("content-type", "application/json") }
        if let key { fields.append("authorization", "Bearer " + key) }
        return HTTPClientRequest(origin: origin, method: method, target: path + target, fields: fields, body: body)
    }

    /// Has a generation stopped.
    ///
    /// - Parameters:
    ///   - generation: Its id.
    ///   - time: After which nobody waits for the answer any more.
    ///   - then: Called once.
    func stop(_ generation: String, within time: Duration, then: @escaping () -> Void) {
        let waiter = StopWaiter(then)
        waiter.timer = loop.schedule(after: time) { [weak waiter] in waiter?.done() }
        let request = request("POST", "/v1/generations/\(generation)/stop", accept: "application/json")
        waiter.exchange = http.send(request, to: waiter)
    }
}

/// Waits until a stop was answered, however.
private final class StopWaiter: HTTPClientDelegate {
    private var then: (() -> Void)?
    var timer: LoopTimer?
    var exchange: HTTPClientExchange?

    init(_ then: @escaping () -> Void) { self.then = then }

    func connected() {}
    func received(head: HTTPResponseHead) {}
    func received(body: Span<UInt8>) {}
    func ended() { done() }
    func failed(_ error: TransportError) { done() }

    func done() {
        let report = then
        timer?.cancel()
        (then, timer, exchange) = (nil, nil, nil)
        report?()
    }
}
