import Foundation
import FreshetTransport
import Testing

/// The client against an HTTPS server that is not ours, with certificates made on the spot.
@Suite(.serialized)
struct TLSTests {
    private func withServer(
        _ certificate: String, version: String = "1.3", authority: String = "ca.pem",
        _ body: (TestClient, (String, String) -> HTTPClientRequest) throws -> Void
    ) throws {
        let made = try #require(TestAuthority.shared, "no openssl command")
        let server = try #require(try PythonTLSServer(made, certificate: certificate, version: version))
        defer { server.stop() }
        let client = try TestClient(tls: TLSProfile(certificateFile: made.path(authority)))
        defer { client.stop() }
        try body(client) { host, path in
            HTTPClientRequest(origin: HTTPOrigin(scheme: .https, host: host, port: server.port), target: path)
        }
    }

    @Test(arguments: ["1.2", "1.3"], ["localhost", "127.0.0.1"])
    func verifiedPeersAreRead(version: String, host: String) throws {
        try withServer("good", version: version) { client, request in
            for path in ["/length", "/slow", "/chunked", "/length"] {
                let expected = ["/length": "hello", "/slow": String(repeating: ".", count: 20), "/chunked": "onetwo"]
                let story = client.ask(request(host, path))
                #expect(story == ["connected", "head 200", "body \(expected[path] ?? "")", "ended"])
            }
            #expect(client.idleCount == 1)
            #expect(client.ask(request(host, "/close")) == ["connected", "head 200", "body until the end", "ended"])
        }
    }

    @Test(arguments: ["/cut", "/reset"])
    func aBodyWithoutGoodbyeIsCut(_ path: String) throws {
        try withServer("good") { client, request in
            #expect(client.ask(request("localhost", path)).last == "failed connection_lost")
        }
    }

    @Test(arguments: [
        ("wrong", "ca.pem", "1.3", "localhost"), ("wrong", "ca.pem", "1.3", "127.0.0.1"),
        ("good", "stranger.pem", "1.3", "localhost"), ("old", "ca.pem", "1.3", "localhost"),
        ("good", "ca.pem", "1.1", "localhost"),
    ])
    func strangersAreRefused(_ certificate: String, _ authority: String, _ version: String, _ host: String) throws {
        try withServer(certificate, version: version, authority: authority) { client, request in
            let asker = client.send(request(host, "/length"))
            let error = try #require(asker.failure.wait())
            #expect(error.code == .tlsFailed && error.sentNothing, "\(error)")
            #expect(asker.story == ["failed tls_failed"])
        }
    }

    @Test func plainServersAreRefused() throws {
        let made = try #require(TestAuthority.shared, "no openssl command")
        let server = RawServer { connection, _ in
            _ = connection.read(count: 10)
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        defer { server.stop() }
        let client = try TestClient(tls: TLSProfile(certificateFile: made.path("ca.pem")))
        defer { client.stop() }
        let origin = HTTPOrigin(scheme: .https, host: "127.0.0.1", port: server.port)
        #expect(client.ask(HTTPClientRequest(origin: origin)) == ["failed tls_failed"])
    }

    @Test func aSilentHandshakeTimesOut() throws {
        let made = try #require(TestAuthority.shared, "no openssl command")
        let server = RawServer { connection, _ in _ = connection.readToEnd() }
        defer { server.stop() }
        let client = try TestClient(tls: TLSProfile(certificateFile: made.path("ca.pem"))) {
            $0.connectTimeout = .milliseconds(50)
        }
        defer { client.stop() }
        let origin = HTTPOrigin(scheme: .https, host: "127.0.0.1", port: server.port)
        #expect(client.ask(HTTPClientRequest(origin: origin)) == ["failed connect_timed_out"])
    }

    @Test(arguments: ["1.2", "1.3"])
    func sessionsAreTakenUp(_ version: String) throws {
        try withServer("good", version: version) { client, request in
            #expect(client.ask(request("localhost", "/resumed")).contains("body 0"))
            #expect(client.ask(request("localhost", "/close")).last == "ended")
            #expect(client.ask(request("localhost", "/resumed")).contains("body 1"))
        }
    }

    @Test func aPausedBodyComesWholeOnceResumed() throws {
        try withServer("good") { client, request in
            let asker = client.send(request("localhost", "/large"), Asker(keepsBody: false))
            for _ in 0..<5 {
                asker.withExchange { $0.pauseReading() }
                let before = asker.bodyBytes.value
                usleep(10_000)
                #expect(asker.bodyBytes.value == before)
                asker.withExchange { $0.resumeReading() }
                usleep(1000)
            }
            #expect(asker.over.wait() != nil)
            #expect(asker.bodyBytes.value == 8 << 20)
        }
    }

    @Test func filesThatHoldNoCertificateAreRefused() throws {
        #expect(throws: TransportError.self) { try TLSProfile(certificateFile: "/nonexistent.pem") }
        #expect(throws: TransportError.self) { try TLSProfile(certificateFile: "/dev/null") }
        #expect(throws: Never.self) { try TLSProfile() }
    }
}
