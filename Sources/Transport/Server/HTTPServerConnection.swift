import CLinux
import FreshetHTTPWire
import Glibc
import Synchronization

/// One client's connection: reads a request, waits for its answer, reads the next.
///
/// The socket is always watched for the client's departure. While an answer is under way further requests are kept
/// unread, up to a limit.
final class HTTPServerConnection: Pollable {
    private enum Phase {
        /// Waiting for a request, or inside one.
        case reading
        /// The request was delivered.
        case answering
        /// The answer is out; what the client still sends is thrown away until it closes.
        case lingering
        /// The answer is cut; waits until the client's kernel has all of it.
        case resetting
        case closed
    }
    private enum End {
        case open, whole, cut, reset
    }

    let server: HTTPServer
    let peer: SocketAddress
    private(set) var loop: EventLoop

    private var phase = Phase.reading
    private var decoder: HTTPRequestDecoder
    /// Bytes behind the present request.
    private var backlog: [UInt8] = []
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// What of the server's account of bodies is ours.
    private var accounted = 0
    private var exchange: HTTPServerExchange?

    private var output = OutputBuffer()
    /// Set when the response has begun.
    private var delivery: HTTPResponseDelivery?
    private var end = End.open
    private var isRefused = false  // the socket did not take everything
    private var isAboveLowWater = false

    private var timer: LoopTimer?
    /// Nothing of the next request is here.
    private var awaitsRequest = true
    /// When the present request's first byte came.
    private(set) var requestStart = MonotonicTime.never
    /// Bytes of the present answer that the kernel has taken.
    private var sentBytes = 0
    private var hasServed = false
    private var bodyMark = 0
    private var resetDeadline = MonotonicTime.never
    /// When the reader must have taken something; `never` while nothing waits for it.
    private var writeDeadline = MonotonicTime.never
    private var countsAsLoad = true
    private var isSurplus = false

    private static let bodyRatePeriod = Duration.seconds(10)
    private static let shortestWatch = Duration.milliseconds(100)
    private static let resetPoll = Duration.milliseconds(5)

    /// The listener has counted the connection and its loop's load already.
    init(descriptor: Int32, peer: SocketAddress, server: HTTPServer, loop: EventLoop) {
        self.peer = peer
        self.server = server
        self.loop = loop
        decoder = HTTPRequestDecoder(limits: server.configuration.limits.wire)
        super.init()
        self.descriptor = descriptor
    }

    deinit { if phase != .closed { release() } }

    func start() {
        startTimer(server.configuration.timeouts.head)
        loop.add(self, interest: Poll.input | Poll.halfClosed)
    }

    /// Answers 503 whatever comes, for there are too many; ends like any refusal, so that whoever has sent a request
    /// reads it. The listener has counted it among those instead of the open ones.
    func startRefused() {
        isSurplus = true
        start()
        refuse(503, "There are too many connections.", limit: "connections", retryAfter: true)
    }

    // MARK: Events

    override func ready(_ events: UInt32) {
        guard phase != .closed else { return }
        if events & Poll.failed != 0 { return gone() }
        if phase == .lingering { return receive() }
        if events & (Poll.hungUp | Poll.halfClosed) != 0 { return gone() }
        if events & Poll.output != 0 {
            // What ends an answer may deliver the next request, and that may take the connection to another loop:
            // input is left for the next turn, in which epoll tells of it again.
            let isAnswering = phase == .answering
            sendPending()
            if isAnswering || phase == .closed { return }
        }
        if events & Poll.input != 0 { receive() }
    }

    override func loopStopped() { gone() }

    private func receive() {
        switch Socket.receive(descriptor, into: loop.scratch) {
        case .bytes(let count): received(UnsafeBufferPointer(rebasing: loop.scratch[..<count]))
        case .wouldBlock: break
        case .ended, .failed: gone()
        }
    }

    private func received(_ bytes: UnsafeBufferPointer<UInt8>) {
        switch phase {
        case .reading: read(bytes)
        case .answering:
            backlog.append(contentsOf: bytes)
            if backlog.count >= server.configuration.limits.pipelinedBytes { updateInterest() }
        case .lingering, .resetting, .closed: break
        }
    }

    private func timeIsUp() {
        switch phase {
        case .reading where awaitsRequest: closeNow()
        case .reading where head == nil: refuse(408, "The request's head took too long.", limit: "head_time")
        case .reading: checkBodyRate()
        case .answering: checkReader()
        case .resetting: resetWhenDelivered()
        case .lingering: closeNow()
        case .closed: break
        }
    }

    /// Whether the reader still takes what waits for it, and its machine is there at all.
    ///
    /// TCP_USER_TIMEOUT cannot tell a machine that has vanished from one whose reader takes nothing for a while: it
    /// ends both.
    private func checkReader() {
        guard loop.now() < writeDeadline, !Socket.hasVanished(descriptor, since: server.configuration.timeouts.peer)
        else {
            exchange?.passedLimit = loop.now() < writeDeadline ? "peer_time" : "write_time"
            // What the kernel holds must not wait for somebody who takes nothing; nor may it look like a whole answer.
            Socket.resetOnClose(descriptor)
            return gone()
        }
        watchReader()
    }

    private func watchReader() {
        let pause = max(Self.shortestWatch, server.configuration.timeouts.peer / 4)
        timer?.rearm(at: min(writeDeadline, loop.now() + pause))
    }

    /// Closes a connection that waits for its next request, of which nothing may be in the kernel yet either.
    ///
    /// - Parameter sparesNew: Leaves those alone that never had a request: their first one is on its way.
    func closeIfIdle(sparesNew: Bool) {
        guard phase == .reading, awaitsRequest, hasServed || !sparesNew else { return }
        if !Socket.hasInput(descriptor) { closeNow() }
    }

    // MARK: Reading

    private func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        if awaitsRequest { requestBegan() }
        var position = 0
        do throws(HTTPError) {
            let input = bytes.span
            while let part = try decoder.next(input, from: &position) {
                switch part {
                case .head(let head): guard accept(head) else { return }
                case .body(let range): guard take(UnsafeBufferPointer(rebasing: bytes[range])) else { return }
                case .end:
                    if position < bytes.count { backlog.append(contentsOf: bytes[position...]) }
                    return deliver()
                }
            }
        } catch {
            refuse(error.status, error.reason, limit: error.limit)
        }
    }

    private func requestBegan() {
        awaitsRequest = false
        (requestStart, sentBytes) = (loop.now(), 0)
        countLoad(true)
        timer?.rearm(after: server.configuration.timeouts.head)
    }

    private func accept(_ head: HTTPRequestHead) -> Bool {
        self.head = head
        if case .length(let count) = head.body {
            guard count <= UInt64(server.configuration.limits.bodyBytes) else { return refuseLargeBody() }
            body.reserveCapacity(Int(min(count, 1 << 20)))
        }
        guard head.body != .none else { return true }
        if Self.isWorthAsking(head), let answer = server.onHead(head) {
            refuse(with: answer)
            return false
        }
        timer?.rearm(after: Self.bodyRatePeriod)
        bodyMark = 0
        if head.expectsContinue {
            output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
            loop.markFlush(self)
        }
        return true
    }

    /// Whether a refusal now, which costs the connection, is better than reading the body first.
    private static func isWorthAsking(_ head: HTTPRequestHead) -> Bool {
        guard case .length(let count) = head.body else { return true }
        return head.expectsContinue || count > 64 << 10
    }

    private func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let limits = server.configuration.limits
        guard body.count + bytes.count <= limits.bodyBytes else { return refuseLargeBody() }
        accounted += bytes.count
        guard server.bodyBytes.add(bytes.count, ordering: .relaxed).newValue <= limits.allBodiesBytes else {
            refuse(503, "Too many request bodies are held.", limit: "bodies", retryAfter: true)
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    func claim(bytes: Int) -> Bool {
        let limit = server.configuration.limits.allBodiesBytes
        guard server.bodyBytes.add(bytes, ordering: .relaxed).newValue <= limit else {
            server.bodyBytes.subtract(bytes, ordering: .relaxed)
            return false
        }
        accounted += bytes
        return true
    }

    private func refuseLargeBody() -> Bool {
        refuse(413, "The body is longer than \(server.configuration.limits.bodyBytes) bytes.", limit: "body")
        return false
    }

    private func checkBodyRate() {
        let least = server.configuration.limits.bodyBytesPerSecond * 10
        guard body.count - bodyMark >= least else {
            return refuse(408, "The request's body came too slowly.", limit: "body_rate")
        }
        bodyMark = body.count
        timer?.rearm(after: Self.bodyRatePeriod)
    }

    /// Nothing may touch the connection after this: it may live on another loop by then.
    private func deliver() {
        guard let head else { return }
        phase = .answering
        hasServed = true
        watchReader()
        let exchange = HTTPServerExchange(head: head, body: body, connection: self)
        body = []
        self.exchange = exchange
        server.onRequest(exchange)
    }

    private func readNext() {
        phase = .reading
        (delivery, end, head) = (nil, .open, nil)
        awaitsRequest = true
        countLoad(false)
        updateInterest()
        timer?.rearm(after: server.configuration.timeouts.idle)
        guard !backlog.isEmpty else { return }
        let bytes = backlog
        backlog = []
        bytes.withUnsafeBufferPointer { read($0) }
    }

    // MARK: Answering

    var hasStarted: Bool { delivery != nil }

    var pendingBytes: Int { output.count }

    func respond(status: Int, fields: consuming HTTPFields, body: [UInt8]) {
        guard begin(status: status, fields: fields, length: UInt64(body.count)) else { return }
        end = .whole
        if delivery?.sendsBody == true { output.append { $0.append(contentsOf: body) } }
    }

    func startStream(status: Int, fields: consuming HTTPFields) {
        _ = begin(status: status, fields: fields, length: nil)
    }

    /// - Returns: false when nothing can be sent: the client has gone, or the fields cannot be put on a line.
    private func begin(status: Int, fields: consuming HTTPFields, length: UInt64?) -> Bool {
        guard phase == .answering, let head else { return false }
        precondition(delivery == nil, "one request has one response")
        guard end == .open else { return false }
        let delivery = HTTPResponseDelivery(
            answering: head, status: status, length: length, keepAlive: !server.isDraining.load(ordering: .relaxed))
        do throws(HTTPError) {
            let bytes = try Self.encode(status, fields, delivery)
            output.borrow(from: &loop.spareOutput)
            output.append { $0.append(contentsOf: bytes) }
        } catch {
            refuse(error.status, error.reason)
            return false
        }
        self.delivery = delivery
        exchange?.status = status
        loop.markFlush(self)
        return true
    }

    private static func encode(
        _ status: Int, _ fields: consuming HTTPFields, _ delivery: HTTPResponseDelivery
    ) throws(HTTPError) -> [UInt8] {
        delivery.apply(to: &fields)
        var bytes: [UInt8] = []
        try HTTPEncoder.encodeResponse(status: status, fields: fields, into: &bytes)
        return bytes
    }

    func write(_ fill: (inout [UInt8]) -> Void) {
        guard phase == .answering, end == .open else { return }
        guard let delivery else { preconditionFailure("write follows startStream") }
        guard delivery.sendsBody else { return }
        output.borrow(from: &loop.spareOutput)
        if delivery.framing == .chunked { output.appendToChunk(fill) } else { output.append(fill) }
        // Whoever stopped writing because so much waits is told when it is gone, also when the socket takes it at once.
        if output.count > server.configuration.limits.lowWaterBytes { isAboveLowWater = true }
        loop.markFlush(self)
    }

    func flushNow() { if phase == .answering, end == .open { sendPending() } }

    func endStream() {
        guard phase == .answering, end == .open else { return }
        guard let delivery else { preconditionFailure("endStream follows startStream") }
        if delivery.sendsBody, delivery.framing == .chunked { output.append { HTTPEncoder.encodeLastChunk(into: &$0) } }
        end = .whole
        loop.markFlush(self)
    }

    func abortStream() {
        guard phase == .answering, end == .open else { return }
        end = .cut
        loop.markFlush(self)
    }

    func resetStream() {
        guard phase == .answering, end == .open else { return }
        end = .reset
        loop.markFlush(self)
    }

    // MARK: Sending

    override func flush() { if phase == .answering || phase == .reading { sendPending() } }

    private func sendPending() {
        output.sealChunk()
        guard !output.isEmpty else { return drained() }
        let (transfer, wanted) = output.withUnsent { (Socket.send(descriptor, $0), $0.count) }
        switch transfer {
        case .bytes(let count):
            output.consume(count)
            sentBytes += count
            if count == wanted { drained() } else { refused(tookSome: count > 0) }
        case .wouldBlock: refused(tookSome: false)
        case .ended, .failed: gone()
        }
    }

    private func drained() {
        let wasRefused = isRefused
        let wasAbove = isAboveLowWater
        output.giveBack(to: &loop.spareOutput)
        (isRefused, isAboveLowWater) = (false, false)
        if wasRefused {
            updateInterest()
            writeDeadline = .never
        }
        guard phase == .answering else { return }
        guard end == .open else { return finish() }
        if wasRefused || wasAbove { exchange?.onWritable?() }
    }

    private func refused(tookSome: Bool) {
        if tookSome || !isRefused {
            writeDeadline = loop.now() + server.configuration.timeouts.write
            if phase == .answering { watchReader() }
        }
        if !isRefused {
            isRefused = true
            updateInterest()
        }
        let isAbove = output.count > server.configuration.limits.lowWaterBytes
        let fell = isAboveLowWater && !isAbove
        isAboveLowWater = isAbove
        if fell, phase == .answering, end == .open { exchange?.onWritable?() }
    }

    /// The whole answer is with the kernel.
    private func finish() {
        let finished = exchange
        exchange = nil
        finished?.completed()
        if let finished { report(finished) }
        releaseBody()
        if end == .reset || (end == .cut && delivery?.framing == .untilClose) {
            resetWhenDelivered()
        } else if end == .cut || delivery?.keepAlive != true || server.isDraining.load(ordering: .relaxed) {
            linger()
        } else {
            readNext()
        }
    }

    private func refuse(_ status: Int, _ reason: String, limit: String? = nil, retryAfter: Bool = false) {
        let answer = Self.refusal(status, reason, path: head?.path ?? "", retryAfter: retryAfter, server: server)
        refuse(with: answer, limit: limit)
    }

    private func refuse(with refusal: HTTPServerAnswer, limit: String? = nil) {
        let answer = Self.encode(refusal, to: head?.method ?? "GET")
        exchange?.status = refusal.status
        if exchange == nil { report(refusal.status, answer.count, limit) }
        phase = .answering
        (delivery, end) = (nil, .whole)
        output.append { $0.append(contentsOf: answer) }
        body = []
        writeDeadline = loop.now() + server.configuration.timeouts.write
        watchReader()
        loop.markFlush(self)
    }

    static func refusal(
        _ status: Int, _ reason: String, path: String, retryAfter: Bool, server: HTTPServer
    ) -> HTTPServerAnswer {
        let (type, body) = server.onRefuse(status, reason, path)
        var fields = HTTPFields()
        fields.append("content-type", type)
        if retryAfter { fields.append("retry-after", "1") }
        return HTTPServerAnswer(status: status, fields: fields, body: body)
    }

    /// The bytes of an answer after which the connection closes.
    static func encode(_ answer: HTTPServerAnswer, to method: String) -> [UInt8] {
        let delivery = HTTPResponseDelivery(
            method: method, version: .http11, status: answer.status, length: UInt64(answer.body.count),
            keepAlive: false)
        // Fields of our own: should one not be fit for a line, the body alone still tells the reason.
        let head = (try? encode(answer.status, answer.fields, delivery)) ?? []
        return delivery.sendsBody ? head + answer.body : head
    }

    // MARK: Closing

    /// Closes our side and waits for the client's, so that unread bytes of its do not make the kernel reset the
    /// connection and take the answer with it.
    private func linger() {
        phase = .lingering
        shutdown(descriptor, Int32(SHUT_WR))
        backlog = []
        updateInterest()
        timer?.rearm(after: server.configuration.timeouts.linger)
    }

    private func resetWhenDelivered() {
        if phase != .resetting {
            phase = .resetting
            resetDeadline = loop.now() + server.configuration.timeouts.linger
            updateInterest()
        }
        guard freshet_unacknowledged(descriptor) > 0, loop.now() < resetDeadline else {
            Socket.resetOnClose(descriptor)
            return closeNow()
        }
        timer?.rearm(after: Self.resetPoll)
    }

    private func gone() {
        let lost = exchange
        exchange = nil
        closeNow()
        lost?.lost()
        if let lost { report(lost) }
    }

    private func report(_ exchange: HTTPServerExchange) {
        exchange.sentBytes = sentBytes
        server.onReport(HTTPServerReport(of: exchange))
    }

    /// - Parameters:
    ///   - status: Of an answer that the server gave by itself.
    ///   - bytes: Of the whole of it.
    ///   - limit: The one that was passed, by its name in the configuration.
    private func report(_ status: Int, _ bytes: Int, _ limit: String?) {
        server.onReport(
            HTTPServerReport(
                head: head, exchange: nil, loop: loop, began: requestStart, status: status, sentBytes: bytes,
                isGone: false, limit: limit))
    }

    private func closeNow() {
        guard phase != .closed else { return }
        loop.remove(self)
        release()
        phase = .closed
        closeDescriptor()
        timer?.cancel()
        output.clear()
        (backlog, body) = ([], [])
    }

    private func release() {
        if isSurplus {
            server.surplusConnections.subtract(1, ordering: .relaxed)
        } else {
            server.openConnections.subtract(1, ordering: .relaxed)
        }
        countLoad(false)
        releaseBody()
    }

    func releaseBody() {
        if accounted > 0 { server.bodyBytes.subtract(accounted, ordering: .relaxed) }
        accounted = 0
    }

    func releaseFields() { head?.fields = HTTPFields() }

    private func countLoad(_ counts: Bool) {
        guard counts != countsAsLoad else { return }
        countsAsLoad = counts
        if counts { loop.load.add(1, ordering: .relaxed) } else { loop.load.subtract(1, ordering: .relaxed) }
    }

    // MARK: Loop

    func leaveLoop() {
        precondition(delivery == nil, "an exchange moves before its response")
        guard phase != .closed else { return }
        loop.unmarkFlush(self)
        loop.remove(self)
        timer?.cancel()
        timer = nil
        countLoad(false)
    }

    func enterLoop(_ target: EventLoop) {
        guard phase != .closed else { return }
        loop = target
        countLoad(true)
        startTimer(nil)
        if phase == .answering { watchReader() }
        target.add(self, interest: wantedInterest)
        if !output.isEmpty { target.markFlush(self) }
    }

    private func startTimer(_ delay: Duration?) {
        timer = loop.schedule(at: delay.map { loop.now() + $0 } ?? .never) { [unowned self] in timeIsUp() }
    }

    private func updateInterest() { loop.change(self, interest: wantedInterest) }

    private var wantedInterest: UInt32 {
        let output = isRefused ? Poll.output : 0
        switch phase {
        case .reading: return Poll.input | Poll.halfClosed | output
        case .answering:
            let isFull = backlog.count >= server.configuration.limits.pipelinedBytes
            return (isFull ? 0 : Poll.input) | Poll.halfClosed | output
        case .lingering: return Poll.input
        case .resetting, .closed: return 0
        }
    }
}
