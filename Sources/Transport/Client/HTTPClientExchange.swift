import FreshetHTTPWire

/// One request under way; confined to its client's loop.
public final class HTTPClientExchange {
    private(set) var request: HTTPClientRequest
    private(set) var delegate: (any HTTPClientDelegate)?
    /// The connection that carries it; nil once it is over.
    var connection: HTTPClientConnection?
    var isPaused = false
    /// Whether it went over a pooled connection that turned out to be dead, and was sent anew.
    var isRetried = false
    /// Whether it went over a connection that had served others before.
    public internal(set) var isReused = false
    private var isAnnounced = false
    private var isForgotten = false

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

    /// The delegate has all it wants: what is left of the response is read for nobody, and the connection kept for
    /// others when it ends soon; else it is closed.
    ///
    /// - Parameters:
    ///   - bytes: More than that, and the connection is closed.
    ///   - time: Longer than that, and the connection is closed.
    public func finishUnread(bytes: Int = 4 << 10, within time: Duration = .seconds(1)) {
        guard delegate != nil, let loop = connection?.loop else { return cancel() }
        delegate = UnreadRest(of: self, budget: bytes, loop: loop, within: time)
        resumeReading()
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

    /// The request is not going to be sent again: it went over a fresh connection, or the peer has answered.
    func forgetRequest() {
        guard !isForgotten else { return }
        isForgotten = true
        (request.body, request.fields) = ([], HTTPFields())
        delegate?.requestTaken()
    }

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
