import FreshetHTTPWire
import FreshetTransport
import Glibc

/// What it costs to hand a connection to another loop before its response, as a reader that attaches to a generation
/// is: the same requests over one connection, answered on its loop, and answered after a move to the other one.
enum HandOver {
    private static let rounds = 20
    private static let requests = 3000

    static func run() {
        do {
            let group = try EventLoopGroup.start(count: 2)
            let (one, other) = (group.loops[0], group.loops[1])
            let server = try HTTPServer(group: group) { exchange in
                guard exchange.head.target == "/move" else { return exchange.respond(status: 200) }
                exchange.move(to: exchange.loop === one ? other : one) { $0.respond(status: 200) }
            }
            let client = connected(server.localAddress.port)
            Timing.head(["µs a request", "CPU"] + Timing.columns)
            var (stays, moves) = (Asked(), Asked())
            stays.ask(client, "/warm", requests)
            stays = Asked()
            // By turns: where the system puts the threads changes more than a move does.
            for _ in 0..<rounds {
                stays.ask(client, "/stay", requests)
                moves.ask(client, "/move", requests)
            }
            Timing.row(["answered where it came"] + stays.summary)
            Timing.row(["handed to the other loop first"] + moves.summary)
            close(client)
            group.shutdown()
        } catch { print("\(error)") }
    }

    /// Requests of one kind.
    private struct Asked {
        private var timing = Timing(capacity: rounds * requests)
        private var cpu: UInt64 = 0

        mutating func ask(_ client: Int32, _ path: String, _ count: Int) {
            let request = Array("GET \(path) HTTP/1.1\r\nhost: localhost\r\n\r\n".utf8)
            var answer = [UInt8](repeating: 0, count: 4096)
            let before = Timing.processTime()
            for _ in 0..<count {
                let start = Timing.now()
                guard write(client, request, request.count) == request.count, read(client, &answer, answer.count) > 0
                else { return }
                timing.add(since: start)
            }
            cpu += Timing.processTime() - before
        }

        var summary: [String] {
            let each = Double(cpu) / Double(max(1, timing.nanoseconds.count)) / 1000
            return ["\((each * 10).rounded() / 10)"] + timing.summary
        }
    }

    private static func connected(_ port: UInt16) -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(code == 0, "cannot connect")
        return client
    }
}
