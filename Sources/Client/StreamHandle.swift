import FreshetTransport

/// One stream of a client, to be left early.
public final class StreamHandle: Sendable {
    private let loop: EventLoop
    private let state: LoopBound<State>

    private final class State {
        var stream: GenerationStream?
        var exchange: HTTPClientExchange?
        var isLeft = false
    }

    init(loop: EventLoop) {
        self.loop = loop
        state = LoopBound(State(), on: loop)
    }

    func begin(_ stream: GenerationStream, _ exchange: HTTPClientExchange) {
        guard !state.value.isLeft else { return exchange.cancel() }
        (state.value.stream, state.value.exchange) = (stream, exchange)
    }

    /// Closes the connection: the gateway takes that for the reader's leaving. Neither of the stream's closures is
    /// called any more once `then` was.
    public func leave(then: @escaping @Sendable () -> Void = {}) {
        loop.execute { [state] in
            state.value.isLeft = true
            state.value.exchange?.cancel()
            (state.value.stream, state.value.exchange) = (nil, nil)
            then()
        }
    }
}
