/// One request under way; confined to its client's loop.
public final class HTTPClientExchange {
    private(set) var request: HTTPClientRequest
    private(set) var delegate: (any HTTPClientDelegate)?
    /// The connection that carries it; nil once it is over.
    var connection: HTTPClientConnection?
    var isPaused = false
    /// Whether it went over a pooled connection that turned out to be dead, and was sent anew.
    var isRetried = false
    private var isAnnounced = false

    init(request: HTTPClientRequest, delegate: any HTTPClientDelegate) {
        self.request = request
        self.delegate = delegate
    }

    /// Whether nothing more will come.
    public var isOver: Bool { delegate == nil }

    /// Closes the connection at once and says nothing to the delegate any more.
    public func cancel() {
        delegate = nil
        let carrier = connection
        connection = nil
        carrier?.abandon()
    }

    /// Stops reading from the socket, so that the peer has to wait. What was already read, 64 KiB at most, still comes.
    public func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        connection?.pauseChanged()
    }

    /// Reads again.
    public func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        connection?.pauseChanged()
    }

    func announce() {
        guard !isAnnounced else { return }
        isAnnounced = true
        delegate?.connected()
    }

    /// The peer has answered: the request is not going to be sent again.
    func forgetBody() { request.body = [] }

    func end() {
        let listener = delegate
        (delegate, connection) = (nil, nil)
        listener?.ended()
    }

    func fail(_ error: TransportError) {
        let listener = delegate
        (delegate, connection) = (nil, nil)
        listener?.failed(error)
    }
}
