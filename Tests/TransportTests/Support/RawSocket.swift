import Glibc

/// A blocking socket that says exactly what a test wants said; gives up after ten seconds.
final class RawSocket: @unchecked Sendable {  // used by one thread at a time
    private(set) var descriptor: Int32
    private var unread: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    /// Connects to 127.0.0.1.
    convenience init(port: UInt16, receiveBuffer: Int32? = nil) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(result == 0, "connect: \(errno)")
        self.init(descriptor: descriptor)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// What ended a read.
    enum End: Equatable {
        case closed, reset, timedOut
    }

    /// Reads once; nil with `end` set when nothing more comes.
    private func more() -> End? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            buffer.removeLast(buffer.count - count)
            unread.append(contentsOf: buffer)
        }
        if count > 0 { return nil }
        return count == 0 ? .closed : errno == ECONNRESET ? .reset : .timedOut
    }

    /// Text up to and with `mark`; what there was when the connection ended before.
    func read(through mark: String) -> String {
        let mark = Array(mark.utf8)
        while true {
            if let range = unread.firstRange(of: mark) {
                defer { unread.removeFirst(range.upperBound) }
                return String(decoding: unread[..<range.upperBound], as: UTF8.self)
            }
            guard more() == nil else {
                defer { unread = [] }
                return String(decoding: unread, as: UTF8.self)
            }
        }
    }

    func read(count: Int) -> [UInt8] {
        while unread.count < count, more() == nil {}
        let taken = min(count, unread.count)
        defer { unread.removeFirst(taken) }
        return Array(unread[..<taken])
    }

    /// Everything up to the end of the connection, and how that was.
    func readToEnd() -> (text: String, end: End) {
        while true {
            guard let end = more() else { continue }
            defer { unread = [] }
            return (String(decoding: unread, as: UTF8.self), end)
        }
    }

    /// Head and body of one response with `content-length` or chunks.
    func readResponse() -> (head: String, body: String) {
        let head = read(through: "\r\n\r\n")
        if head.contains("transfer-encoding: chunked") {
            var body = ""
            while let size = Int(read(through: "\r\n").dropLast(), radix: 16) {  // CR LF is one Character
                let chunk = read(count: size + 2).dropLast(2)
                guard size > 0 else { return (head, body) }
                body += String(decoding: chunk, as: UTF8.self)
            }
            return (head, body + "<cut>")
        }
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
            .flatMap { Int($0.dropFirst(16)) }
        return (head, String(decoding: read(count: length ?? 0), as: UTF8.self))
    }

    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}
