import FreshetHTTPWire
import FreshetTransport
import Glibc
import Testing

struct ServerTests {
    @Test func keepsConnectionsAndAnswersInOrder() throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        for number in 0..<3 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readResponse().body == "GET /\(number) ")
        }
        let pipelined = (0..<50).map { "POST /\($0) HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" }
        client.send(pipelined.joined())
        for number in 0..<50 { #expect(client.readResponse().body == "POST /\(number) abc") }
    }

    @Test func delayedAnswersStayInOrder() throws {
        let server = try TestServer { exchange in
            let timer = EventLoop.current?.schedule(after: .milliseconds(exchange.head.path == "/slow" ? 30 : 1)) {
                exchange.respond(status: 200, body: Array(exchange.head.path.utf8))
            }
            _ = timer
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /fast HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse().body == "/slow")
        #expect(client.readResponse().body == "/fast")
    }

    @Test func requestsMayArriveByteByByte() throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        let request =
            "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n"
        for byte in request.utf8 { client.send([byte]) }
        #expect(client.readResponse().body == "POST /x abcde")
    }

    @Test(arguments: [
        ("GET / HTTP/1.0\r\n\r\n", "connection: close"),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "connection: close"),
    ])
    func closesWhenAsked(_ request: String, _ field: String) throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        client.send(request)
        let (text, end) = client.readToEnd()
        #expect(text.contains(field) && text.hasSuffix("\r\n\r\nGET / ") && end == .closed)
    }

    @Test func anOldClientMayKeepItsConnection() throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        for _ in 0..<2 {
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(client.readResponse().head.contains("connection: keep-alive"))
        }
    }

    @Test func streamsInChunksOneForEachTurn() throws {
        let server = try TestServer { exchange in
            exchange.startStream(status: 200)
            exchange.write("one ")
            exchange.write("two ")
            _ = EventLoop.current?.schedule(after: .milliseconds(5)) {
                exchange.write(String(repeating: "x", count: 300))
                exchange.endStream()
            }
        }
        defer { server.stop() }
        let client = server.connect()
        for _ in 0..<2 {
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.read(through: "\r\n\r\n").contains("transfer-encoding: chunked"))
            let rest = client.read(through: "0\r\n\r\n")
            #expect(rest == "8\r\none two \r\n12c\r\n" + String(repeating: "x", count: 300) + "\r\n0\r\n\r\n")
        }
    }

    @Test func oldClientsGetAStreamThatEndsWithTheConnection() throws {
        let server = try TestServer { exchange in
            exchange.startStream(status: 200)
            exchange.write("body")
            exchange.endStream()
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let (text, end) = client.readToEnd()
        #expect(text.hasSuffix("\r\n\r\nbody") && !text.contains("transfer-encoding") && end == .closed)
    }

    @Test func headHasNoBody() throws {
        let server = try TestServer { exchange in
            if exchange.head.path == "/stream" {
                exchange.startStream(status: 200)
                exchange.write("unseen")
                exchange.endStream()
            } else {
                exchange.respond(status: exchange.head.path == "/none" ? 204 : 200, body: Array("unseen".utf8))
            }
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.send("GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let text = client.readToEnd().text
        #expect(!text.contains("unseen") && text.contains("204 No Content") && text.contains("content-length: 6"))
    }

    @Test func continuesWhenTheClientWaits() throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ok")
        #expect(client.readResponse().body == "POST / ok")
    }

    @Test(arguments: [
        ("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", "413"),
        (
            "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
                + String(repeating: "x", count: 101), "413"
        ),
        ("GET /p HTTP/1.1\r\n\r\n", "400"),
        ("GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
        ("GET /p HTTP/3.0\r\nHost: h\r\n\r\n", "505"),
        ("GET /p HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n", "431"),
    ])
    func refusesInTheWordsOfThePath(_ request: String, _ status: String) throws {
        let server = try TestServer {
            $0.limits.bodyBytes = 100
        } onRefuse: { status, _, path in
            ("application/json", Array("{\"status\":\(status),\"path\":\"\(path)\"}".utf8))
        } onRequest: { _ in
            Issue.record("delivered")
        }
        defer { server.stop() }
        let client = server.connect()
        client.send(request)
        let (text, end) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 \(status) ") && text.contains("content-type: application/json"))
        #expect(text.contains("{\"status\":\(status)") && text.contains("connection: close") && end == .closed)
    }

    @Test(arguments: [
        ("Expect: 100-continue\r\nContent-Length: 2", "HTTP/1.1 403 "),
        ("Transfer-Encoding: chunked", "HTTP/1.1 403 "),
        ("Content-Length: 65537", "HTTP/1.1 403 "),
    ])
    func refusesByTheHeadWhatIsWorthNotReading(_ fields: String, _ answer: String) throws {
        let server = try TestServer(
            onHead: { _ in HTTPServerAnswer(status: 403, body: Array("no".utf8)) },
            onRequest: { _ in Issue.record("delivered") })
        defer { server.stop() }
        let client = server.connect()
        client.send("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n")
        let (text, end) = client.readToEnd()
        #expect(text.hasPrefix(answer) && text.hasSuffix("\r\n\r\nno") && end == .closed)
    }

    @Test func readsSmallBodiesWithoutAsking() throws {
        let server = try TestServer(onHead: { _ in HTTPServerAnswer(status: 403) }, onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        for _ in 0..<2 {
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n")
            client.send("ok")
            #expect(client.readResponse().body == "POST / ok")
        }
    }

    @Test func refusesConnectionsPastTheLimit() throws {
        let server = try TestServer {
            $0.limits.connections = 2
        } onRequest: {
            TestServer.echo($0)
        }
        defer { server.stop() }
        let kept = (0..<2).map { _ in server.connect() }
        for client in kept {
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = client.readResponse()
        }
        #expect(server.connect().readToEnd().text.hasPrefix("HTTP/1.1 503 "))
        kept[0].close()
        #expect(eventually { server.server.connectionCount == 1 })
        let next = server.connect()
        next.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(next.readResponse().body == "GET / ")
    }

    @Test func refusesBodiesPastTheProcessLimit() throws {
        let held = Journal<LoopBound<HTTPServerExchange>>()
        let server = try TestServer {
            $0.limits.allBodiesBytes = 10
        } onRequest: { exchange in
            held.append(LoopBound(exchange, on: exchange.loop))
        }
        defer { server.stop() }
        let request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678"
        let (first, second, third) = (server.connect(), server.connect(), server.connect())
        first.send(request)
        #expect(eventually { held.entries.count == 1 })
        second.send(request)
        let refusal = second.readToEnd().text
        #expect(refusal.hasPrefix("HTTP/1.1 503 ") && refusal.contains("retry-after: 1"))
        server.group.loops[0].run { held.entries[0].value.respond(status: 200) }
        _ = first.readResponse()
        third.send(request)
        #expect(eventually { held.entries.count == 2 })
    }

    @Test func slowHeadsAndIdleConnectionsEnd() throws {
        let server = try TestServer {
            $0.timeouts.head = .milliseconds(50)
            $0.timeouts.idle = .milliseconds(50)
        } onRequest: {
            TestServer.echo($0)
        }
        defer { server.stop() }
        let (silent, slow, idle) = (server.connect(), server.connect(), server.connect())
        slow.send("GET / HT")
        idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(idle.readResponse().body == "GET / ")
        #expect(silent.readToEnd().text == "")
        #expect(slow.readToEnd().text.hasPrefix("HTTP/1.1 408 "))
        #expect(idle.readToEnd() == ("", .closed))
    }

    @Test func fieldsThatCannotBeSentBecomeAnError() throws {
        let server = try TestServer { exchange in
            var fields = HTTPFields()
            fields.append("x-relayed", "a\r\nset-cookie: b")
            exchange.startStream(status: 200, fields: fields)
            exchange.write("unseen")
            exchange.endStream()
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let (text, end) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 502 ") && !text.contains("set-cookie") && end == .closed)
    }

    @Test func stoppingClosesIdleConnectionsAndLetsAnswersEnd() throws {
        let open = Promise<LoopBound<HTTPServerExchange>>()
        let server = try TestServer { exchange in
            guard exchange.head.path == "/stream" else { return TestServer.echo(exchange) }
            exchange.startStream(status: 200)
            exchange.write("a")
            open.fulfil(LoopBound(exchange, on: exchange.loop))
        }
        defer { server.stop() }
        let (idle, busy, fresh) = (server.connect(), server.connect(), server.connect())
        idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = idle.readResponse()
        busy.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
        let exchange = try #require(open.wait())
        #expect(eventually { server.server.connectionCount == 3 })
        server.server.stopAccepting()
        #expect(idle.readToEnd() == ("", .closed))
        #expect(fresh.readToEnd() == ("", .closed))
        exchange.loop.run {
            exchange.value.write("b")
            exchange.value.endStream()
        }
        #expect(busy.readToEnd().text.hasSuffix("1\r\nb\r\n0\r\n\r\n"))
        for client in [idle, busy, fresh] { client.close() }
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func movesAnExchangeToAnotherLoop() throws {
        let moved = Journal<(from: Int, to: Int)>()
        let server = try TestServer(loops: 2) { exchange in
            guard let target = exchange.head.path.last?.wholeNumberValue else { return exchange.respond(status: 404) }
            let from = exchange.loop.index
            // The listener's group is not at hand in here: the handler finds the loop by the pair it was given.
            exchange.move(to: LoopPair.shared.wait()![target]) { exchange in
                moved.append((from, exchange.loop.index))
                exchange.respond(status: 200, body: Array("\(exchange.loop.index)\(exchange.loop.isCurrent)".utf8))
            }
        }
        LoopPair.shared.fulfil(server.group.loops)
        defer { server.stop() }
        let client = server.connect()
        for number in 0..<40 {
            client.send("GET /\(number * 7 / 3 % 2) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readResponse().body == "\(number * 7 / 3 % 2)true")
        }
        client.send(
            String(repeating: "GET /0 HTTP/1.1\r\nHost: h\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n", count: 50))
        for number in 0..<100 { #expect(client.readResponse().body == "\(number % 2)true") }
        #expect(moved.entries.contains { $0.from == 0 && $0.to == 1 } && moved.entries.contains { $0.from == 1 })
        client.close()
        #expect(eventually { server.server.connectionCount == 0 })
    }

    private enum LoopPair { static let shared = Promise<[EventLoop]>() }

    @Test func spreadsOpenStreamsOverTheLoops() throws {
        let places = Journal<Int>()
        let server = try TestServer(loops: 2) { exchange in
            places.append(exchange.loop.index)
            exchange.startStream(status: 200)
            exchange.write("x")
        }
        defer { server.stop() }
        let clients = (0..<10).map { _ in server.connect() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }
        for client in clients { _ = client.read(through: "\r\n\r\n") }
        #expect(places.entries.filter { $0 == 0 }.count == 5)
    }

    @Test func listensOnIPv6AndTellsWhoAsks() throws {
        let server = try TestServer {
            $0.address = "::"
        } onRequest: { exchange in
            let address = exchange.remoteAddress
            exchange.respond(status: 200, body: Array("\(address.host) \(address.isLoopback)".utf8))
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse().body == "127.0.0.1 true")
    }

    @Test(arguments: ["localhost", "999.0.0.1", "", "192.0.2.1"])
    func refusesToListenElsewhere(_ address: String) throws {
        #expect(throws: TransportError.self) {
            let server = try TestServer {
                $0.address = address
            } onRequest: { _ in
            }
            server.stop()
        }
    }

    @Test func acceptedSocketsInheritTheirOptions() throws {
        let server = try TestServer(onRequest: TestServer.echo)
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = client.readResponse()
        var found = 0
        for descriptor in Int32(3)..<200 where isServerSide(descriptor, of: server.port) {
            found += 1
            var (value, length): (Int32, socklen_t) = (0, 4)
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &length)
            #expect(value == 0, "a reader may take nothing for longer than a machine is waited for that is gone")
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
            #expect(value != 0)
            getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, &value, &length)
            #expect(value == 15)
        }
        #expect(found == 1)
    }

    private func isServerSide(_ descriptor: Int32, of port: UInt16) -> Bool {
        var (here, there) = (sockaddr_in(), sockaddr_in())
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafeMutablePointer(to: &there) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
        let hasName = withUnsafeMutablePointer(to: &here) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
        }
        return isConnected && hasName && here.sin_family == sa_family_t(AF_INET) && here.sin_port == port.bigEndian
    }
}
