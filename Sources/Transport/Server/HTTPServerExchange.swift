public import FreshetHTTPWire

/// One request and its response; confined to its connection's loop.
///
/// It is delivered with its whole body. Exactly one of `respond`, or `startStream` and then `endStream` or
/// `abortStream`, answers it; calls after the client has gone do nothing.
public final class HTTPServerExchange {
    /// The request's head.
    public private(set) var head: HTTPRequestHead
    /// The request's whole body; taken away by whoever wants its memory back early.
    public var body: [UInt8]
    /// Where the client is; the last proxy's address behind one.
    public let remoteAddress: SocketAddress
    /// The loop on which everything here happens; another one after `move`.
    public internal(set) var loop: EventLoop
    /// When the request's first byte came.
    public let began: MonotonicTime
    /// Of the response; 0 until it has begun.
    public internal(set) var status = 0
    /// Bytes of the response that the kernel has taken, its head included; known once the exchange is over.
    public internal(set) var sentBytes = 0
    /// Whatever its user wants to find again in the report.
    public var attachment: AnyObject?
    /// Whether the client left before its response was complete.
    public internal(set) var isGone = false

    /// The limit for which the client was disconnected, by its name in the configuration.
    var passedLimit: String?

    /// Called when the socket takes bytes again after it had refused some: once what waits has fallen below the
    /// low-water mark, or to nothing where it never was above.
    public var onWritable: (() -> Void)?
    /// Called once when the client leaves, in any phase before the response was handed to the kernel whole. Closing
    /// one's sending side only (half-close) counts as leaving.
    public var onGone: (() -> Void)?

    /// nil once the response is complete or the client gone.
    private(set) var connection: HTTPServerConnection?

    init(head: HTTPRequestHead, body: [UInt8], connection: HTTPServerConnection) {
        self.head = head
        self.body = body
        remoteAddress = connection.peer
        loop = connection.loop
        began = connection.requestStart
        self.connection = connection
    }

    /// Sends a whole response with its `content-length`.
    ///
    /// - Parameters:
    ///   - status: From 200; with 204 and 304 no body is sent.
    ///   - fields: Without `content-length`, `transfer-encoding` and `connection`, which are added.
    ///   - body: Not sent for HEAD, but its length is told.
    public func respond(status: Int, fields: consuming HTTPFields = HTTPFields(), body: [UInt8] = []) {
        connection?.respond(status: status, fields: fields, body: body)
    }

    /// Sends a whole response with its `content-length`.
    public func respond(_ answer: HTTPServerAnswer) {
        respond(status: answer.status, fields: answer.fields, body: answer.body)
    }

    /// Sends the head of a response whose body follows piece by piece: chunked for HTTP/1.1, ending with the
    /// connection for HTTP/1.0; none for HEAD, 204 and 304, where `write` does nothing.
    public func startStream(status: Int, fields: consuming HTTPFields = HTTPFields()) {
        connection?.startStream(status: status, fields: fields)
    }

    /// Whether a response has been begun.
    public var hasStarted: Bool { connection?.hasStarted ?? true }

    /// Has `fill` append payload to what this turn sends: one chunk and one system call however often it is called.
    ///
    /// - Parameter fill: Appends only; it must not touch this exchange.
    public func write(_ fill: (inout [UInt8]) -> Void) { connection?.write(fill) }

    /// Sends what was written now instead of at the end of the turn.
    public func flushNow() { connection?.flushNow() }

    /// Bytes written and not yet taken by the socket, those of this turn included; falls when the client reads.
    public var pendingBytes: Int { connection?.pendingBytes ?? 0 }

    /// Ends the body properly; the connection is kept where the client wants that.
    public func endStream() { connection?.endStream() }

    /// Sends what was written and cuts the connection so that the client sees its body cut short: a chunked body lacks
    /// its last chunk, one that ends with the connection is reset once the client's kernel has it all.
    public func abortStream() { connection?.abortStream() }

    /// Sends what was written and resets the connection once the client's kernel has it.
    public func resetStream() { connection?.resetStream() }

    /// Gives up the request's body: its bytes no longer count against what all requests may hold.
    public func releaseBody() {
        body = []
        connection?.releaseBody()
    }

    /// Counts something made for the request like a part of its body, until `releaseBody` or the connection's end.
    ///
    /// - Parameter bytes: To be held in memory.
    /// - Returns: false where all bodies together take too much: then nothing was counted.
    public func claim(bytes: Int) -> Bool { connection?.claim(bytes: bytes) ?? true }

    /// Gives up the request's fields: nobody asks for them while an answer takes long.
    public func releaseFields() {
        head.fields = HTTPFields()
        connection?.releaseFields()
    }

    /// Hands the exchange over to another loop, before its response has begun. The caller must not touch it any more;
    /// `then` gets it on the other loop, at once when that is this one.
    public func move(to loop: EventLoop, then: @escaping @Sendable (HTTPServerExchange) -> Void) {
        guard loop !== self.loop else { return then(self) }
        let parcel = Parcel(exchange: self, connection: connection)
        connection?.leaveLoop()
        self.loop = loop
        loop.execute {
            parcel.connection?.enterLoop(loop)
            then(parcel.exchange)
        }
    }

    /// What crosses loops: given away whole, so that only one loop knows it at a time.
    private struct Parcel: @unchecked Sendable {
        let exchange: HTTPServerExchange
        let connection: HTTPServerConnection?
    }

    func completed() {
        connection = nil
        onWritable = nil
        onGone = nil
    }

    func lost() {
        let report = onGone
        isGone = true
        completed()
        report?()
    }
}
