import Glibc
import Synchronization

/// The listening socket, on the loop that accepts.
final class HTTPListener: Pollable {
    private let loop: EventLoop
    private var server: HTTPServer?
    private var pause: LoopTimer?
    /// Given up when the process is out of descriptors, so that a connection can be taken and turned away.
    private var reserve: Int32 = -1

    private static let perTurn = 64
    private static let surplus = 256
    private static let pauseWhenFull = Duration.milliseconds(100)

    init(descriptor: Int32, loop: EventLoop) {
        self.loop = loop
        super.init()
        self.descriptor = descriptor
    }

    func start(for server: HTTPServer) {
        guard descriptor >= 0 else { return }
        self.server = server
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        pause = loop.schedule(at: .never) { [unowned self] in loop.change(self, interest: Poll.input) }
        loop.add(self, interest: Poll.input)
    }

    func stop() {
        loop.remove(self)
        closeDescriptor()
        if reserve >= 0 { Glibc.close(reserve) }
        reserve = -1
        pause?.cancel()
        server = nil
    }

    override func loopStopped() { stop() }

    /// Takes what the kernel holds, as far as a backlog goes: closing the socket would reset it.
    func acceptWaiting() { accept(server?.configuration.backlog ?? 0) }

    override func ready(_ events: UInt32) { accept(Self.perTurn) }

    private func accept(_ count: Int) {
        for _ in 0..<count {
            guard let server, descriptor >= 0 else { return }
            let (accepted, peer) = Socket.accept(descriptor)
            guard accepted >= 0 else {
                if failed(-accepted) { continue } else { return }
            }
            guard let peer else {
                Glibc.close(accepted)
                continue
            }
            place(accepted, peer, for: server)
        }
    }

    private func place(_ accepted: Int32, _ peer: SocketAddress, for server: HTTPServer) {
        let open = server.openConnections.add(1, ordering: .relaxed).newValue
        guard open <= server.configuration.limits.connections else {
            server.openConnections.subtract(1, ordering: .relaxed)
            return refuse(accepted, peer, for: server)
        }
        let target = leastLoaded(server.group)
        target.load.add(1, ordering: .relaxed)
        if target === loop {
            HTTPServerConnection(descriptor: accepted, peer: peer, server: server, loop: target).start()
        } else {
            target.execute {
                HTTPServerConnection(descriptor: accepted, peer: peer, server: server, loop: target).start()
            }
        }
    }

    private func leastLoaded(_ group: EventLoopGroup) -> EventLoop {
        var (best, least) = (group.loops[0], Int.max)
        for loop in group.loops {
            let load = loop.load.load(ordering: .relaxed)
            if load < least { (best, least) = (loop, load) }
        }
        return best
    }

    /// Tells as many as `surplus` at once properly; the others at least quickly.
    private func refuse(_ accepted: Int32, _ peer: SocketAddress, for server: HTTPServer) {
        guard server.surplusConnections.load(ordering: .relaxed) < Self.surplus else {
            return turnAway(accepted, for: server)
        }
        server.surplusConnections.add(1, ordering: .relaxed)
        loop.load.add(1, ordering: .relaxed)
        HTTPServerConnection(descriptor: accepted, peer: peer, server: server, loop: loop).startRefused()
    }

    /// One short answer into the empty socket buffer; nothing is waited for.
    private func turnAway(_ accepted: Int32, for server: HTTPServer) {
        let refusal = HTTPServerConnection.refusal(
            503, "too many connections", path: "", retryAfter: true, server: server)
        let answer = HTTPServerConnection.encode(refusal, to: "GET")
        _ = answer.withUnsafeBufferPointer { Socket.send(accepted, $0) }
        Glibc.close(accepted)
        server.onReport(
            HTTPServerReport(
                head: nil, exchange: nil, loop: loop, began: .never, status: 503, sentBytes: answer.count,
                isGone: false, limit: "connections"))
    }

    /// - Returns: Whether to go on accepting in this turn.
    private func failed(_ error: Int32) -> Bool {
        switch error {
        case EAGAIN: return false
        case EMFILE, ENFILE:
            if reserve >= 0 {
                Glibc.close(reserve)
                let (accepted, _) = Socket.accept(descriptor)
                if accepted >= 0 { Glibc.close(accepted) }
                reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
            }
            return rest()
        case ENOBUFS, ENOMEM: return rest()
        default: return true  // the connection died while it waited; the next one may be well
        }
    }

    private func rest() -> Bool {
        loop.change(self, interest: 0)
        pause?.rearm(after: Self.pauseWhenFull)
        return false
    }
}
