import FreshetHTTPWire
import FreshetTransport
import Glibc
import Testing

struct ClientTests {
    struct Case: Sendable {
        var answer: String
        var story: [String]
        init(_ answer: String, _ story: [String]) { (self.answer, self.story) = (answer, ["connected"] + story) }
    }

    @Test(arguments: [
        Case("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["head 200", "body hello", "ended"]),
        Case("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ["head 200", "ended"]),
        Case("HTTP/1.1 204 No Content\r\n\r\n", ["head 204", "ended"]),
        Case(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
            ["head 200", "body hello", "ended"]),
        Case("HTTP/1.1 200 OK\r\n\r\nuntil the end", ["head 200", "body until the end", "ended"]),
        Case("HTTP/1.0 200 OK\r\n\r\n", ["head 200", "ended"]),
        Case(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                + "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\nx", ["head 500", "body x", "ended"]),
        Case("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", ["head 302", "ended"]),
        Case("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", ["head 200", "body hello", "failed closed"]),
        Case(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            ["head 200", "body hello", "failed closed"]),
        Case("HTTP/1.1 200 OK\r\nContent-Le", ["failed closed"]),
        Case("", ["failed closed"]),
        Case("garbage\r\n\r\n", ["failed malformed"]),
        Case(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nzz\r\n",
            ["head 200", "body hel", "failed malformed"]),
        Case("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ["failed malformed"]),
    ])
    func answers(_ example: Case) throws {
        let client = try TestClient()
        defer { client.stop() }
        for size in [example.answer.utf8.count, 1] {
            let server = RawServer { connection, _ in
                _ = connection.read(through: "\r\n\r\n")
                let bytes = Array(example.answer.utf8)
                for start in stride(from: 0, to: bytes.count, by: max(1, size)) {
                    connection.send(Array(bytes[start..<min(bytes.count, start + max(1, size))]))
                }
            }
            #expect(client.ask(.get(server.port)) == example.story, "pieces of \(size)")
            server.stop()
        }
    }

    @Test func sendsAHeadOfItsOwn() throws {
        let heard = Promise<String>()
        let server = RawServer { connection, _ in
            heard.fulfil(connection.read(through: "\r\n\r\n") + connection.read(through: "body"))
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        var request = HTTPClientRequest.post(server.port, Array("body".utf8))
        request.target = "/v1/chat?x=1"
        for name in ["Host", "Expect", "Accept-Encoding", "Connection", "Content-Length", "X-Own"] {
            request.fields.append(name, "7")
        }
        #expect(client.ask(request).last == "ended")
        let lines = [
            "POST /v1/chat?x=1 HTTP/1.1", "X-Own: 7", "host: 127.0.0.1:\(server.port)", "accept-encoding: identity",
            "content-length: 4", "", "body",
        ]
        #expect(heard.wait() == lines.joined(separator: "\r\n"))
    }

    @Test func reusesConnectionsOfOneKeyOnly() throws {
        let server = RawServer { connection, number in
            while connection.read(through: "\r\n\r\n").hasSuffix("\r\n\r\n") {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)")
            }
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        #expect(client.ask(.get(server.port, key: "a")).contains("body 0"))
        #expect(client.ask(.get(server.port, key: "a")).contains("body 0"))
        #expect(client.ask(.get(server.port, key: "b")).contains("body 1"))
        #expect(client.ask(.get(server.port, key: "a")).contains("body 0"))
        #expect(client.idleCount == 2)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxmore",
    ])
    func keepsNoConnectionThatCannotBeTrusted(_ answer: String) throws {
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send(answer)
            _ = connection.readToEnd()
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        #expect(client.ask(.get(server.port)).last == "ended")
        #expect(client.idleCount == 0)
    }

    @Test func aKeptConnectionThatClosesIsForgotten() throws {
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        #expect(client.ask(.get(server.port)).last == "ended")
        #expect(eventually { client.idleCount == 0 })
        #expect(client.ask(.get(server.port)).last == "ended")
        #expect(server.connections == 2)
    }

    /// The server takes the second request on a kept connection and then drops it without a byte.
    @Test func aStaleConnectionIsReplacedOnce() throws {
        let server = RawServer { connection, number in
            _ = connection.read(through: "\r\n\r\n")
            if number > 0 { return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)") }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            _ = connection.read(through: "\r\n\r\n")
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        _ = client.ask(.get(server.port))
        #expect(client.ask(.get(server.port)) == ["connected", "head 200", "body 1", "ended"])
    }

    @Test func aFreshConnectionIsNotReplaced() throws {
        let server = RawServer { connection, _ in _ = connection.read(through: "\r\n\r\n") }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        let asker = client.send(.get(server.port))
        let error = try #require(asker.failure.wait())
        #expect(error.code == .closed && !error.sentNothing && !error.wasReused)
        #expect(server.connections == 1)
    }

    @Test func aKeptConnectionThatFailsAmidTheResponseIsNotReplaced() throws {
        let server = RawServer { connection, number in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            _ = connection.read(through: "\r\n\r\n")
            connection.send("H")
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        _ = client.ask(.get(server.port))
        let asker = client.send(.get(server.port))
        #expect(asker.failure.wait()?.wasReused == true)
        #expect(server.connections == 1)
    }

    @Test func tellsWhyNoConnectionCameAbout() throws {
        let client = try TestClient { $0.connectTimeout = .milliseconds(100) }
        defer { client.stop() }
        #expect(client.ask(.get(RawServer.deadPort())) == ["failed connect_failed"])
        var noTLS = HTTPClientRequest.get(1)
        noTLS.origin = HTTPOrigin(scheme: .https, host: "127.0.0.1", port: 1)
        #expect(client.ask(noTLS) == ["failed invalid_request"])
        var unsendable = HTTPClientRequest.get(RawServer { _, _ in }.port)
        unsendable.fields.append("x", "a\r\nb")
        #expect(client.ask(unsendable) == ["failed invalid_request"])
    }

    @Test func aNameWithoutAddressFails() throws {
        let client = try TestClient { $0.connectTimeout = .seconds(9) }
        defer { client.stop() }
        for _ in 0..<2 {
            let asker = client.send(.get(80, host: "no-such-host.invalid"))
            let error = try #require(asker.failure.wait())
            #expect(error.code == .nameNotResolved && error.sentNothing)
        }
    }

    @Test func namesAreResolved() throws {
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        // Where localhost is ::1 first, the second address is tried.
        for _ in 0..<2 { #expect(client.ask(.get(server.port, host: "localhost")).last == "ended") }
    }

    /// A listener whose queue is full answers no connection attempt at all.
    @Test func aSilentAddressTimesOut() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                (bind(descriptor, $0, length), listen(descriptor, 0), getsockname(descriptor, $0, &length))
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let filler = RawSocket(port: port)
        defer { filler.close() }
        let client = try TestClient { $0.connectTimeout = .milliseconds(60) }
        defer { client.stop() }
        let askers = (0..<3).map { _ in client.send(.get(port)) }
        #expect(askers.last?.failure.wait()?.code == .connectTimedOut)
        for asker in askers { asker.withExchange { $0.cancel() } }
    }

    @Test(arguments: [0, 1, 2])
    func cancelClosesAtOnceAndSaysNothing(_ phase: Int) throws {
        let left = Promise<RawSocket.End>()
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            if phase > 0 { connection.send("HTTP/1.1 200 OK\r\n\r\n") }
            if phase > 1 { connection.send("body") }
            left.fulfil(connection.readToEnd().end)
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        let asker = client.send(.get(server.port))
        let expected = [["connected"], ["connected", "head 200"], ["connected", "head 200", "body body"]][phase]
        #expect(eventually { asker.story == expected })
        asker.withExchange { $0.cancel() }
        #expect(left.wait() != nil && left.wait() != .timedOut)
        client.loop.run {}
        #expect(asker.story == expected)
    }

    @Test func cancelBeforeTheConnectionStandsSaysNothing() throws {
        let server = RawServer { connection, _ in _ = connection.readToEnd() }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        for host in ["127.0.0.1", "localhost"] {
            let asker = client.send(.get(server.port, host: host))
            asker.withExchange { $0.cancel() }
            client.loop.run {}
            #expect(asker.story == [] || asker.story == ["connected"])
        }
    }

    @Test func aDelegateMayCancelFromWithin() throws {
        final class Canceller: HTTPClientDelegate {
            var exchange: HTTPClientExchange?
            let calls = Counter()
            func connected() {}
            func received(head: HTTPResponseHead) {}
            func received(body: Span<UInt8>) {
                calls.add()
                exchange?.cancel()
            }
            func ended() { calls.add(100) }
            func failed(_ error: TransportError) { calls.add(100) }
        }
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
            _ = connection.readToEnd()
        }
        let group = try EventLoopGroup.start(count: 1)
        defer {
            group.shutdown()
            server.stop()
        }
        let loop = group.loops[0]
        let (port, calls) = (server.port, Promise<Counter>())
        loop.run {
            let client = HTTPClient(loop: loop, tls: nil, resolver: Resolver())
            let canceller = Canceller()
            canceller.exchange = client.send(.get(port), to: canceller)
            calls.fulfil(canceller.calls)
        }
        #expect(eventually { calls.wait()?.value == 1 })
        loop.run {}
        #expect(calls.wait()?.value == 1)
    }

    @Test func aPausedResponseWaitsInTheKernel() throws {
        let total = 32 << 20
        let sent = Counter()
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            for _ in 0..<total >> 16 {
                connection.send([UInt8](repeating: 0x78, count: 1 << 16))
                sent.add(1 << 16)
            }
        }
        let client = try TestClient { $0.receiveBufferBytes = 64 << 10 }
        defer {
            client.stop()
            server.stop()
        }
        let asker = client.send(.get(server.port), Asker(keepsBody: false))
        asker.withExchange { $0.pauseReading() }
        usleep(200_000)
        let (got, given) = (asker.bodyBytes.value, sent.value)
        #expect(given < total / 2)
        usleep(50_000)
        #expect(asker.bodyBytes.value == got)
        asker.withExchange { $0.resumeReading() }
        #expect(asker.over.wait() != nil)
        #expect(asker.bodyBytes.value == total)
    }

    @Test func aResponseThatEndedWhilePausedComesWhole() throws {
        let (paused, sent) = (Promise<Void>(), Promise<Void>())
        let server = RawServer { connection, _ in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh")
            _ = paused.wait()
            connection.send("ello")
            connection.close()
            sent.fulfil(())
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        let asker = client.send(.get(server.port))
        #expect(eventually { asker.story.last == "body h" })
        asker.withExchange { $0.pauseReading() }
        paused.fulfil(())
        #expect(sent.wait() != nil)
        client.loop.run {}
        #expect(asker.story.last == "body h")
        asker.withExchange { $0.resumeReading() }
        #expect(asker.over.wait() != nil)
        #expect(asker.story == ["connected", "head 200", "body hello", "ended"])
    }

    private static func sum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(into: UInt64(0)) { $0 = $0 &* 31 &+ UInt64($1) }
    }

    @Test func aLargeBodyGoesOutWhole() throws {
        let server = try TestServer { exchange in
            let sum = Self.sum(exchange.body)
            exchange.respond(status: 200, body: Array("\(exchange.body.count) \(sum)".utf8))
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        for count in [0, 1, 16 << 10, (16 << 10) + 1, 1 << 20] {
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let sum = Self.sum(body)
            #expect(client.ask(.post(server.port, body)) == ["connected", "head 200", "body \(count) \(sum)", "ended"])
        }
        #expect(client.idleCount == 1)
    }

    @Test func anEarlyAnswerToALargeBodyIsHeard() throws {
        let server = try TestServer {
            $0.limits.bodyBytes = 1000
        } onRequest: { _ in
        }
        let client = try TestClient()
        defer {
            client.stop()
            server.stop()
        }
        let story = client.ask(.post(server.port, [UInt8](repeating: 0, count: 1 << 20)))
        #expect(story.prefix(2) == ["connected", "head 413"] && story.last == "ended")
        #expect(client.idleCount == 0)
    }

    @Test func endsWithItsLoop() throws {
        let server = RawServer { connection, _ in _ = connection.readToEnd() }
        let client = try TestClient()
        let asker = client.send(.get(server.port))
        #expect(eventually { asker.story == ["connected"] })
        client.stop()
        #expect(asker.failure.wait()?.code == .loopStopped)
        server.stop()
    }

    @Test func manyRequestsAtOnceReturnTheirDescriptors() throws {
        let server = try TestServer(loops: 2, onRequest: TestServer.echo)
        let client = try TestClient()
        for round in 0..<3 {
            let askers = (0..<100).map { client.send(.get(server.port, "/\(round)/\($0)")) }
            for (number, asker) in askers.enumerated() {
                #expect(asker.over.wait() != nil)
                #expect(asker.story == ["connected", "head 200", "body GET /\(round)/\(number) ", "ended"])
            }
            #expect((1...64).contains(client.idleCount))
        }
        client.loop.run {}
        client.stop()
        #expect(eventually { server.server.connectionCount == 0 })
        server.stop()
    }
}
