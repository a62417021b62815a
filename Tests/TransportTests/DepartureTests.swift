import FreshetTransport
import Glibc
import Testing

/// What becomes of an answer whose client leaves, or takes it slowly, or is to see it cut.
struct DepartureTests {
    enum Leave: CaseIterable { case close, reset, halfClose }

    @Test(arguments: Leave.allCases, [false, true])
    func isNoticedBeforeAndAmidTheAnswer(_ leave: Leave, started: Bool) throws {
        let (gone, begun) = (Counter(), Promise<LoopBound<HTTPServerExchange>>())
        let server = try TestServer { exchange in
            exchange.onGone = { gone.add() }
            if started {
                exchange.startStream(status: 200)
                exchange.write("first")
            }
            begun.fulfil(LoopBound(exchange, on: exchange.loop))
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let exchange = try #require(begun.wait())
        if started { _ = client.read(through: "first") }
        switch leave {
        case .close: client.close()
        case .reset: client.reset()
        case .halfClose: client.halfClose()
        }
        #expect(eventually { gone.value == 1 })
        let isGone = exchange.loop.run {
            exchange.value.write("to nobody")
            exchange.value.endStream()
            return exchange.value.isGone
        }
        #expect(isGone && gone.value == 1)
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func isNoticedThoughFurtherRequestsWait() throws {
        let (gone, begun) = (Counter(), Counter())
        let server = try TestServer { exchange in
            exchange.onGone = { gone.add() }
            begun.add()
        }
        defer { server.stop() }
        let client = server.connect()
        client.send(String(repeating: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", count: 3_000))
        #expect(eventually { begun.value == 1 })
        client.close()
        #expect(eventually { gone.value == 1 && server.server.connectionCount == 0 })
        #expect(begun.value == 1)
    }

    @Test func isNoticedWhileTheClientReadsNothing() throws {
        let gone = Counter()
        let server = try TestServer { exchange in
            exchange.onGone = { gone.add() }
            exchange.startStream(status: 200)
            exchange.write(filler: 4 << 20)
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = client.read(through: "\r\n\r\n")
        client.close()
        #expect(eventually { gone.value == 1 })
    }

    @Test func aClientThatTakesNothingIsDisconnected() throws {
        let gone = Counter()
        let server = try TestServer {
            $0.timeouts.write = .milliseconds(80)
        } onRequest: { exchange in
            exchange.onGone = { gone.add() }
            exchange.startStream(status: 200)
            exchange.write(filler: 16 << 20)
        }
        defer { server.stop() }
        let client = server.connect(receiveBuffer: 4096)
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { gone.value == 1 })
        client.close()
    }

    @Test(arguments: [true, false])
    func anAbortedStreamIsSeenAsCut(isOld: Bool) throws {
        let server = try TestServer { exchange in
            exchange.startStream(status: 200)
            exchange.write("first ")
            _ = exchange.loop.schedule(after: .milliseconds(5)) {
                exchange.write("last")
                exchange.abortStream()
            }
        }
        defer { server.stop() }
        let client = server.connect()
        client.send(isOld ? "GET / HTTP/1.0\r\n\r\n" : "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let (text, end) = client.readToEnd()
        #expect(text.contains("first ") && text.contains("last") && !text.contains("0\r\n\r\n"))
        #expect(end == (isOld ? .reset : .closed))
        client.close()
        #expect(eventually { server.server.connectionCount == 0 })
    }

    @Test func aSlowReaderBoundsWhatIsWritten() throws {
        let (refusals, most) = (Counter(), Journal<Int>())
        let total = 96 * 64 << 10
        let server = try TestServer {
            $0.limits.sendBufferBytes = 64 << 10
        } onRequest: { exchange in
            var written = 0
            let fill: () -> Void = {
                while written < total, exchange.pendingBytes < 256 << 10 {
                    exchange.write(filler: 64 << 10)
                    written += 64 << 10
                }
                most.append(exchange.pendingBytes)
                if written == total { exchange.endStream() } else { refusals.add() }
            }
            exchange.startStream(status: 200)
            exchange.onWritable = fill
            fill()
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { refusals.value >= 1 })
        let body = client.readResponse().body
        #expect(body.utf8.count == total)
        #expect(!body.hasSuffix("<cut>"))
        #expect(most.entries.allSatisfy { $0 < 400 << 10 }, "\(most.entries.max() ?? 0)")
    }

    @Test func writableComesOnceForEachRefusalHoweverSmall() throws {
        let (writable, refused) = (Counter(), Promise<Void>())
        let server = try TestServer { exchange in
            exchange.startStream(status: 200)
            exchange.onWritable = {
                writable.add()
                exchange.endStream()
            }
            // Written until the socket has just begun to refuse.
            repeat {
                exchange.write(filler: 1000)
                exchange.flushNow()
            } while exchange.pendingBytes == 0
            refused.fulfil(())
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(refused.wait() != nil)
        #expect(!client.readResponse().body.hasSuffix("<cut>"))
        #expect(writable.value == 1)
    }

    @Test func closingTheServerCutsItsAnswers() throws {
        let gone = Counter()
        let server = try TestServer { exchange in
            exchange.onGone = { gone.add() }
            exchange.startStream(status: 200)
            exchange.write("x")
        }
        defer { server.stop() }
        let client = server.connect()
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = client.read(through: "x\r\n")
        server.server.close()
        #expect(client.readToEnd().text == "")
        #expect(eventually { gone.value == 1 && server.server.connectionCount == 0 })
    }
}
