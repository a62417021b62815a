import FreshetTransport

/// One stream of a client, to be left early.
public final class StreamHandle: Sendable {
    /// How long an answer to a stop is waited for.
    private static let patience = Duration.seconds(2)

    private let gateway: LoopBound<GatewayPlace>
    private let loop: EventLoop
    private let state: LoopBound<State>

    private final class State {
        var stream: GenerationStream?
        var isLeft = false

        func leave() {
            isLeft = true
            stream?.leave()
            stream = nil
        }
    }

    init(_ gateway: LoopBound<GatewayPlace>) {
        (self.gateway, loop) = (gateway, gateway.loop)
        state = LoopBound(State(), on: gateway.loop)
    }

    /// The stream it is for, about to begin; false when it was left already.
    func begin(_ stream: GenerationStream) -> Bool {
        guard !state.value.isLeft else { return false }
        state.value.stream = stream
        return true
    }

    /// Closes the connection; the answer goes on without this reader. None of the stream's closures is called any more
    /// once `then` was.
    public func leave(then: @escaping @Sendable () -> Void = {}) {
        loop.execute { [state] in
            state.value.leave()
            then()
        }
    }

    /// As `leave`, and has the answer stopped: what there is of it stays.
    ///
    /// - Parameter then: Called when the gateway has answered, or has not said which answer it is, or that it stopped it,
    ///   within 2 s each.
    public func stop(then: @escaping @Sendable () -> Void = {}) {
        loop.execute { [state, gateway] in
            let stream = state.value.stream
            (state.value.stream, state.value.isLeft) = (nil, true)
            guard let stream else { return then() }
            stream.leave(within: Self.patience) { name in
                guard let name else { return then() }
                gateway.value.stop(name, within: Self.patience) { then() }
            }
        }
    }
}
