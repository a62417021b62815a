public import FreshetHTTPWire
import Glibc
import Synchronization

/// An HTTP/1.1 server: one listening socket whose connections are spread over the loops of a group.
public final class HTTPServer: Sendable {
    /// Makes the body of an answer that the server gives by itself, in the words of whoever asked.
    ///
    /// Gets the status, a reason for people and the path, which is empty when the head could not be read.
    public typealias Refusal =
        @Sendable (_ status: Int, _ reason: String, _ path: String) -> (contentType: String, body: [UInt8])

    /// Judges a request by its head, before its body is read: an answer refuses it, and closes the connection.
    public typealias Admission = @Sendable (_ head: HTTPRequestHead) -> HTTPServerAnswer?

    /// Where it really listens.
    public let localAddress: SocketAddress

    let configuration: HTTPServerConfiguration
    let group: EventLoopGroup
    let onRequest: @Sendable (HTTPServerExchange) -> Void
    let onRefuse: Refusal
    let onHead: Admission
    let onReport: @Sendable (HTTPServerReport) -> Void
    let openConnections = Atomic<Int>(0)
    /// Those beyond the limit, which are being told so.
    let surplusConnections = Atomic<Int>(0)
    let bodyBytes = Atomic<Int>(0)
    let isDraining = Atomic<Bool>(false)
    private let stopped = Atomic<Bool>(false)
    /// The listening socket outlives us, and with it those that wait in the kernel.
    private let leavesWaiting: Bool
    private let listener: LoopBound<HTTPListener>

    /// Listens from now on.
    ///
    /// - Parameters:
    ///   - group: Its first loop accepts; all of them serve.
    ///   - configuration: Its address is an IP literal; port 0 takes a free one.
    ///   - socket: Listened on in place of the configuration's address; nil makes one.
    ///   - onRefuse: See `Refusal`; the default is one line of plain text.
    ///   - onHead: Asked about bodies that are worth not reading: those that their client waits with
    ///     (`100-continue`), chunked ones, and those above 64 KiB. The others are read, so that the connection goes on.
    ///   - onReport: Called on the request's loop once it is over, also for those that the server answered by itself.
    ///   - onRequest: Called on the connection's loop once head and body are whole.
    /// - Throws: `systemFailure` when the address cannot be listened on, `invalidRequest` when it is no IP literal.
    public init(
        group: EventLoopGroup, configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        on socket: ActivatedSocket? = nil,
        onRefuse: @escaping Refusal = HTTPServer.plainRefusal,
        onHead: @escaping Admission = { _ in nil },
        onReport: @escaping @Sendable (HTTPServerReport) -> Void = { _ in },
        onRequest: @escaping @Sendable (HTTPServerExchange) -> Void
    ) throws(TransportError) {
        let descriptor: Int32
        if let socket { descriptor = socket.descriptor } else { descriptor = try Self.listen(configuration) }
        // Linux hands a listening socket's options on to the sockets it accepts: no calls per connection.
        Socket.tune(descriptor, peerTime: configuration.timeouts.peer)
        if let bytes = configuration.limits.sendBufferBytes {
            Socket.set(descriptor, SOL_SOCKET, SO_SNDBUF, Int32(clamping: bytes))
        }
        if let bytes = configuration.limits.receiveBufferBytes {
            Socket.set(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: bytes))
        }
        self.group = group
        self.configuration = configuration
        self.onRequest = onRequest
        self.onRefuse = onRefuse
        self.onHead = onHead
        self.onReport = onReport
        guard let address = Socket.localAddress(descriptor) else {
            throw TransportError(.systemFailure, "the listening socket has no address")
        }
        localAddress = address
        leavesWaiting = socket != nil
        let loop = group.loops[0]
        listener = LoopBound(HTTPListener(descriptor: descriptor, loop: loop), on: loop)
        loop.execute { [self] in listener.value.start(for: self) }
    }

    private static func listen(_ configuration: HTTPServerConfiguration) throws(TransportError) -> Int32 {
        guard let address = SocketAddress(literal: configuration.address, port: configuration.port) else {
            throw TransportError(.invalidRequest, "\(configuration.address) is not an IP address to listen on")
        }
        return try Socket.listen(on: address, backlog: configuration.backlog)
    }

    /// One line of plain text.
    public static let plainRefusal: Refusal = { _, reason, _ in
        ("text/plain; charset=utf-8", Array((reason + "\n").utf8))
    }

    /// How many connections are open.
    public var connectionCount: Int { openConnections.load(ordering: .relaxed) }

    /// Bytes of request bodies that are held.
    public var heldBodyBytes: Int { bodyBytes.load(ordering: .relaxed) }

    /// Takes no more connections, closes those that wait for a further request and lets the others end with their
    /// answer. What the kernel had accepted by then is taken, and has a second to bring its first request; from a socket
    /// that was handed over the successor takes it.
    public func stopAccepting() {
        isDraining.store(true, ordering: .relaxed)
        listener.loop.execute { [self] in
            if !leavesWaiting { listener.value.acceptWaiting() }
            listener.value.stop()
            stopped.store(true, ordering: .releasing)
        }
        forEachConnection { $0.closeIfIdle(sparesNew: true) }
        listener.loop.execute { [self] in
            _ = listener.loop.schedule(after: Self.firstRequestTime) { [weak self] in
                self?.forEachConnection { $0.closeIfIdle(sparesNew: false) }
            }
        }
    }

    /// Whether the listening socket is closed after `stopAccepting`, and all that it had taken are counted.
    public var hasStopped: Bool { stopped.load(ordering: .acquiring) }

    /// How long connections that never had a request may bring one after `stopAccepting`.
    private static let firstRequestTime = Duration.seconds(1)

    /// Closes everything now; clients of open answers see them cut.
    public func close() {
        isDraining.store(true, ordering: .relaxed)
        listener.loop.execute { [listener] in listener.value.stop() }
        forEachConnection { $0.loopStopped() }
    }

    private func forEachConnection(_ body: @escaping @Sendable (HTTPServerConnection) -> Void) {
        for loop in group.loops {
            loop.execute { [self] in
                for pollable in loop.pollables {
                    guard let connection = pollable as? HTTPServerConnection else { continue }
                    if connection.server === self { body(connection) }
                }
            }
        }
    }
}
