import Foundation
import Glibc

/// Listens on a free port of 127.0.0.1 and plays one script per connection, on threads of its own.
final class RawServer: @unchecked Sendable {  // what changes is behind the lock
    let port: UInt16
    private let descriptor: Int32
    private let lock = NSLock()
    private var accepted = 0

    /// - Parameter script: Gets each connection and its number, from 0; the connection closes when it returns.
    init(_ script: @escaping @Sendable (RawSocket, Int) -> Void) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        port = withUnsafeMutablePointer(to: &address) { [descriptor] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0)
                getsockname(descriptor, $0, &length)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else {
                    close(descriptor)  // here alone: another thread could give the number to another test
                    return
                }
                let number = lock.withLock {
                    accepted += 1
                    return accepted - 1
                }
                Thread.detachNewThread {
                    let socket = RawSocket(descriptor: connection)
                    script(socket, number)
                    socket.close()
                }
            }
        }
    }

    /// How many connections came.
    var connections: Int { lock.withLock { accepted } }

    /// Stops listening; scripts run to their ends.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// A port on which nothing listens.
    static func deadPort() -> UInt16 {
        let server = RawServer { _, _ in }
        server.stop()
        return server.port
    }
}
