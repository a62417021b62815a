import FreshetHTTPWire

/// Takes what is left of a response that nobody reads any more, so that its connection can be used again.
final class UnreadRest: HTTPClientDelegate {
    private unowned let exchange: HTTPClientExchange
    private var budget: Int
    private var timer: LoopTimer?

    /// - Parameters:
    ///   - exchange: Holds this as its delegate.
    ///   - budget: Bytes of body that are worth a connection.
    ///   - loop: The exchange's.
    ///   - time: How long a connection is worth waiting for.
    init(of exchange: HTTPClientExchange, budget: Int, loop: EventLoop, within time: Duration) {
        (self.exchange, self.budget) = (exchange, budget)
        // The timer keeps the exchange until the rest has come.
        timer = loop.schedule(after: time) { exchange.cancel() }
    }

    func connected() {}

    func received(head: HTTPResponseHead) {}

    func received(body: Span<UInt8>) {
        budget -= body.count
        guard budget < 0 else { return }
        timer?.cancel()
        exchange.cancel()
    }

    func ended() { timer?.cancel() }

    func failed(_ error: TransportError) { timer?.cancel() }
}
