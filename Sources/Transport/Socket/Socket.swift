import CLinux
import Glibc

/// The socket calls, each with what they need on every call: non-blocking, no SIGPIPE, retried when interrupted.
enum Socket {
    /// What one read or write did.
    enum Transfer {
        case bytes(Int)
        case wouldBlock
        /// The peer has sent its last byte.
        case ended
        case failed(Int32)
    }

    static func receive(_ descriptor: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let error = errno
            if error == EAGAIN { return .wouldBlock }
            if error != EINTR { return .failed(error) }
        }
    }

    static func send(
        _ descriptor: Int32, _ bytes: UnsafeBufferPointer<UInt8>, moreFollows: Bool = false
    ) -> Transfer {
        let flags = Int32(MSG_NOSIGNAL) | (moreFollows ? Int32(MSG_MORE) : 0)
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
            if count >= 0 { return .bytes(count) }
            let error = errno
            if error == EAGAIN { return .wouldBlock }
            if error != EINTR { return .failed(error) }
        }
    }

    /// A non-blocking TCP socket; negative with `errno` set when there is none.
    static func make(_ family: Int32) -> Int32 {
        socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_TCP))
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// No delay for small writes, and a peer that vanished without a word is noticed in silence: asked after half of
    /// `peerTime`, then three times within the other half. The kernel counts in seconds, one at least.
    static func tune(_ descriptor: Int32, peerTime: Duration) {
        let tcp = Int32(IPPROTO_TCP)
        let seconds = Int32(clamping: peerTime.components.seconds)
        set(descriptor, tcp, TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, tcp, TCP_KEEPIDLE, max(1, seconds / 2))
        set(descriptor, tcp, TCP_KEEPINTVL, max(1, seconds / 6))
        set(descriptor, tcp, TCP_KEEPCNT, 3)
    }

    /// Whether bytes wait to be read; takes nothing out of the socket.
    static func hasInput(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    /// Ends a connection whose peer takes nothing for 30 s of what is sent, be it gone or alive. Not for readers of
    /// streams: they may keep their window closed for longer than a peer that has vanished is waited for.
    static func endWhenNothingIsTaken(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
    }

    /// Whether the peer has owed us a word for so long.
    static func hasVanished(_ descriptor: Int32, since time: Duration) -> Bool {
        .milliseconds(freshet_unheard_milliseconds(descriptor)) >= time
    }

    /// Whether the peer has closed its side, or reset the connection; takes nothing out of the socket.
    static func hasEnded(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// Makes `close` reset the connection, so that the peer cannot take it for a proper end.
    static func resetOnClose(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// The error that a finished `connect` or an epoll event left behind; 0 for none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }

    /// Begins to connect; 0 or an error number, EINPROGRESS included.
    static func connect(_ descriptor: Int32, to address: SocketAddress) -> Int32 {
        address.withKernelForm { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    /// A listening socket; IPv6's wildcard takes IPv4 too.
    static func listen(on address: SocketAddress, backlog: Int) throws(TransportError) -> Int32 {
        let descriptor = make(address.family)
        guard descriptor >= 0 else { throw TransportError(.systemFailure, "socket: \(systemMessage())") }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 {
            set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isWildcard ? 0 : 1)
        }
        guard address.withKernelForm({ bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, Int32(clamping: backlog)) == 0
        else {
            let message = systemMessage()
            close(descriptor)
            throw TransportError(.systemFailure, "cannot listen on \(address): \(message)")
        }
        return descriptor
    }

    /// The next waiting connection, or a negative error number.
    static func accept(_ listener: Int32) -> (descriptor: Int32, peer: SocketAddress?) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let descriptor = freshet_accept(listener, address, &length)
                return descriptor < 0 ? (-errno, nil) : (descriptor, SocketAddress(address))
            }
        }
    }

    /// Where a socket is bound.
    static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? SocketAddress(address) : nil
            }
        }
    }
}
