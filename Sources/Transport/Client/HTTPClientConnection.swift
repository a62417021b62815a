import FreshetHTTPWire
import Glibc

/// One connection to an origin: made for a request, then kept for others of the same origin and key.
final class HTTPClientConnection: Pollable {
    enum Phase {
        case starting, resolving, connecting, shakingHands
        /// A request is under way.
        case active
        /// Kept; the peer has nothing to say.
        case idle
        case closed
    }

    let client: HTTPClient
    let pool: HTTPClientPool
    var key: HTTPClient.PoolKey { pool.key }
    var loop: EventLoop { client.loop }
    var phase = Phase.starting
    private(set) var exchange: HTTPClientExchange?
    var tls: TLSSession?
    /// Times the making of the connection, later its idleness.
    var timer: LoopTimer?

    // While the connection is made.
    var deadline = MonotonicTime.never
    var addresses: ArraySlice<SocketAddress> = []
    var lastError: Int32 = 0

    private var decoder: HTTPResponseDecoder
    private var outgoing = RequestBytes()
    private var wantsOutput = false
    private var hasSent = false
    private var hasFailedSending = false
    private var hasReceived = false
    private var isReused = false
    private var keepsAlive = false
    private var isTicketKept = false
    /// A paused connection that has failed is taken out of epoll, which would tell of it in every turn.
    private var isDetached = false

    init(client: HTTPClient, pool: HTTPClientPool) {
        self.client = client
        self.pool = pool
        pool.connections += 1
        decoder = HTTPResponseDecoder(limits: client.limits.wire)
    }

    // MARK: Requests

    /// Takes the connection's first request; it is made at the end of this turn.
    func begin(_ exchange: HTTPClientExchange) {
        deadline = loop.now() + (exchange.request.connectTimeout ?? client.limits.connectTimeout)
        timer = loop.schedule(at: deadline) { [unowned self] in timeIsUp() }
        carry(exchange)
    }

    /// Takes a further request; it is sent at the end of this turn.
    func reuse(for exchange: HTTPClientExchange) {
        (phase, isReused) = (.active, true)
        timer?.disarm()
        carry(exchange)
        expectResponse()
    }

    /// Whether the peer had not closed it when this was asked: its farewell may wait in the kernel, untold in this turn.
    var isStillOpen: Bool { !Socket.hasEnded(descriptor) }

    private func carry(_ exchange: HTTPClientExchange) {
        self.exchange = exchange
        exchange.connection = self
        exchange.isReused = isReused
        loop.markFlush(self)
    }

    /// The connection stands.
    func activate() {
        phase = .active
        timer?.disarm()
        expectResponse()
        startRequest()
    }

    private func expectResponse() {
        (hasSent, hasReceived, keepsAlive) = (false, false, false)
        decoder.expect(method: exchange?.request.method ?? "GET")
    }

    override func flush() {
        switch phase {
        case .starting: startConnecting()
        case .active: startRequest()
        case .resolving, .connecting, .shakingHands, .idle, .closed: break
        }
    }

    private func startRequest() {
        guard let exchange else { return }
        do throws(HTTPError) {
            outgoing = RequestBytes(head: try exchange.request.encodedHead(), body: exchange.request.body)
        } catch {
            return fail(.invalidRequest, error.reason)
        }
        exchange.announce()
        sendRequest()
    }

    private func sendRequest() {
        while phase == .active, !outgoing.isEmpty {
            switch outgoing.withNext(sendBytes) {
            case .bytes(let count):
                hasSent = true
                outgoing.consume(count)
            case .wouldBlock:
                return waitForOutput(true)
            case .ended, .failed:
                // The peer may have answered before it closed: reading tells, and ends the request either way.
                outgoing = RequestBytes()
                hasFailedSending = true
            }
        }
        // What was sent is not kept: an answer may take long.
        if outgoing.isEmpty {
            outgoing = RequestBytes()
            if !isReused, !hasFailedSending { exchange?.forgetRequest() }
        }
        waitForOutput(false)
    }

    private func sendBytes(_ bytes: UnsafeBufferPointer<UInt8>) -> Socket.Transfer {
        guard let tls else { return Socket.send(descriptor, bytes) }
        switch tls.send(bytes) {
        case .bytes(let count): return .bytes(count)
        case .wantsInput, .wantsOutput, .done: return .wouldBlock
        case .closed: return .ended
        case .failed: return .failed(EPIPE)
        }
    }

    private func waitForOutput(_ wants: Bool) {
        wantsOutput = wants
        updateInterest()
    }

    // MARK: Events

    override func ready(_ events: UInt32) {
        switch phase {
        case .connecting: connectFinished()
        case .shakingHands: shakeHands()
        case .active: activeReady(events)
        case .idle: idleReady(events)
        case .starting, .resolving, .closed: break
        }
    }

    override func loopStopped() { fail(.loopStopped, "the event loop has ended") }

    private func activeReady(_ events: UInt32) {
        if events & Poll.output != 0 { sendRequest() }
        guard phase == .active else { return }
        if exchange?.isPaused == true {
            if events & (Poll.failed | Poll.hungUp) != 0 { detach() }
        } else if events & (Poll.input | Poll.failed | Poll.hungUp) != 0 {
            receive()
        }
    }

    /// Of an idle connection only TLS may say something that is no farewell: tickets for later sessions.
    private func idleReady(_ events: UInt32) {
        guard let tls, events == Poll.input, case .wantsInput = tls.receive(into: loop.scratch) else {
            return abandon()
        }
    }

    func timeIsUp() {
        switch phase {
        case .starting, .resolving, .connecting, .shakingHands: connectTimeIsUp()
        case .idle: abandon()
        case .active, .closed: break
        }
    }

    // MARK: Reading

    private func receive() {
        guard tls == nil else { return receiveSealed() }
        switch Socket.receive(descriptor, into: loop.scratch) {
        case .bytes(let count): received(UnsafeBufferPointer(rebasing: loop.scratch[..<count]))
        case .wouldBlock: break
        case .ended: peerEnded(nil)
        case .failed(let error): peerEnded(TransportError(.connectionLost, systemMessage(error)))
        }
    }

    /// Gathers records until none is left in user space, so that a burst reaches the delegate in one piece.
    private func receiveSealed() {
        guard let tls else { return }
        var count = 0
        var step = TLSSession.Step.wantsInput
        repeat {
            step = tls.receive(into: UnsafeMutableBufferPointer(rebasing: loop.scratch[count...]))
            if case .bytes(let more) = step { count += more } else { break }
        } while tls.hasPending && count < loop.scratch.count
        if count > 0 { received(UnsafeBufferPointer(rebasing: loop.scratch[..<count])) }
        guard phase == .active else { return }
        switch step {
        case .bytes: if tls.hasPending, exchange?.isPaused == false { loop.readAgain(self) }
        case .wantsInput, .wantsOutput, .done: break
        case .closed: peerEnded(nil)
        case .failed(let error): peerEnded(error)
        }
    }

    private func received(_ bytes: UnsafeBufferPointer<UInt8>) {
        if !hasReceived {
            hasReceived = true
            exchange?.forgetRequest()
        }
        var position = 0
        let input = bytes.span
        do throws(HTTPError) {
            while let exchange, let part = try decoder.next(input, from: &position) {
                switch part {
                case .head(let head):
                    keepsAlive = head.keepAlive && !hasFailedSending
                    if !head.isInterim { exchange.delegate?.received(head: head) }
                case .body(let range):
                    exchange.delegate?.received(body: input.extracting(range))
                case .end:
                    return responseEnded(isAlone: position == bytes.count)
                }
            }
        } catch {
            fail(.malformed, error.reason)
        }
    }

    /// - Parameter isAlone: Whether nothing came behind the response, where nothing was asked for.
    private func responseEnded(isAlone: Bool) {
        let finished = exchange
        exchange = nil
        keepTicket()
        if keepsAlive, isAlone, outgoing.isEmpty { becomeIdle() } else { close() }
        finished?.end()
    }

    /// Servers that close after each answer give tickets too.
    private func keepTicket() {
        guard let tls, !isTicketKept, let resumption = tls.resumption() else { return }
        client.keep(resumption, for: key)
        isTicketKept = true
    }

    private func becomeIdle() {
        phase = .idle
        timer?.rearm(after: client.limits.idleTimeout)
        updateInterest()
        client.keep(self)
    }

    /// - Parameter error: nil for a proper end of the connection.
    private func peerEnded(_ error: TransportError?) {
        if let exchange, isReused, !hasReceived, !exchange.isRetried, mayRepeat(exchange, error) {
            return retry(exchange)
        }
        if error == nil, (try? decoder.finish()) == .end {
            keepsAlive = false
            return responseEnded(isAlone: true)
        }
        let place = hasReceived ? "inside the response" : "before a response"
        fail(error?.code ?? .closed, "\(error?.message ?? "closed by the peer"), \(place)")
    }

    /// A reset says that the request was not read: the peer had closed before it came. A proper end may mean that it was
    /// read and cost money; then only what changes nothing is sent twice.
    private func mayRepeat(_ exchange: HTTPClientExchange, _ error: TransportError?) -> Bool {
        let isHarmless = exchange.request.method == "GET" || exchange.request.method == "HEAD"
        return isHarmless || error != nil || hasFailedSending || !hasSent
    }

    private func retry(_ exchange: HTTPClientExchange) {
        exchange.isRetried = true
        self.exchange = nil
        close()
        client.connect(exchange, pool)
    }

    // MARK: Pausing

    func pauseChanged() {
        guard phase == .active, let exchange else { return }
        if isDetached, !exchange.isPaused {
            isDetached = false
            loop.add(self, interest: wantedInterest)
        }
        updateInterest()
        if !exchange.isPaused, tls?.hasPending == true { loop.readAgain(self) }
    }

    private func detach() {
        isDetached = true
        loop.remove(self)
    }

    private func updateInterest() { loop.change(self, interest: wantedInterest) }

    private var wantedInterest: UInt32 {
        // Active and idle want the same, which spares two system calls a request; while reading is paused, the peer's
        // end would be told in every turn.
        let isPaused = phase == .active && exchange?.isPaused == true
        return (isPaused ? 0 : Poll.input | Poll.halfClosed) | (phase == .active && wantsOutput ? Poll.output : 0)
    }

    // MARK: Ending

    func fail(_ code: TransportError.Code, _ cause: String, of peer: String? = nil) {
        let failing = exchange
        exchange = nil
        close()
        var error = TransportError(code, cause, of: peer)
        error.sentNothing = !hasSent && failing?.isRetried != true
        error.wasReused = isReused
        failing?.fail(error)
    }

    /// Closes without a word to anybody.
    func abandon() {
        exchange = nil
        close()
    }

    private func close() {
        guard phase != .closed else { return }
        phase = .closed
        client.forget(self)
        loop.remove(self)
        timer?.cancel()
        tls?.shutDown()
        tls = nil
        closeDescriptor()
        outgoing = RequestBytes()
    }
}
