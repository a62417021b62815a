import Glibc

/// A listening socket that whoever started this process made and handed over. It outlives the process, so that nobody
/// is refused between one and the next.
///
/// - SeeAlso: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
public struct ActivatedSocket: Sendable {
    let descriptor: Int32
    /// Where it listens.
    public let address: SocketAddress

    /// The first descriptor that is handed over.
    private static let first: Int32 = 3

    /// Takes the socket over, once: the variables that tell of it are gone afterwards. To be called before any thread
    /// starts, as it changes the environment.
    ///
    /// - Returns: nil when none was handed to this very process.
    /// - Throws: `invalidRequest` for anything but one listening TCP socket.
    public static func take() throws(TransportError) -> ActivatedSocket? {
        let (owner, count) = (variable("LISTEN_PID"), variable("LISTEN_FDS"))
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        // The variables may be meant for a parent that did not take them away.
        guard let owner, let count, Int32(owner) == getpid() else { return nil }
        guard let number = Int(count), number >= 0 else { throw invalid("LISTEN_FDS is not a number") }
        guard number > 0 else { return nil }
        guard number == 1 else { throw invalid("\(number) sockets were handed over (LISTEN_FDS), but one is needed") }
        return try ActivatedSocket(first)
    }

    private init(_ descriptor: Int32) throws(TransportError) {
        guard let type = Self.option(descriptor, SO_TYPE) else {
            throw Self.invalid("descriptor \(descriptor), which LISTEN_FDS tells of, is not a socket")
        }
        guard type == Int32(SOCK_STREAM.rawValue), let address = Socket.localAddress(descriptor) else {
            throw Self.invalid("the socket that was handed over (descriptor \(descriptor)) is not one of TCP")
        }
        guard Self.option(descriptor, SO_ACCEPTCONN) == 1 else {
            throw Self.invalid("the socket that was handed over (descriptor \(descriptor)) does not listen")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        (self.descriptor, self.address) = (descriptor, address)
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func invalid(_ message: String) -> TransportError { TransportError(.invalidRequest, message) }
}
