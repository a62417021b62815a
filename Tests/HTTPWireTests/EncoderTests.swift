import FreshetHTTPWire
import Testing

@Suite struct EncoderTests {
    private func fields(_ pairs: [(String, String)]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs { fields.append(name, value) }
        return fields
    }

    @Test func writesARequestThatReadsBack() throws {
        let sent = fields([("Host", "api.example.com"), ("Accept", "text/event-stream"), ("Content-Length", "2")])
        var bytes: [UInt8] = []
        try HTTPEncoder.encodeRequest(method: "POST", target: "/v1/chat?x=%20", fields: sent, into: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "POST /v1/chat?x=%20 HTTP/1.1\r\nHost: api.example.com\r\nAccept: text/event-stream\r\n"
                + "Content-Length: 2\r\n\r\n")
        let result = requests(bytes + Array("{}".utf8))
        #expect(result.error == nil)
        #expect(result.heads.map(\.fields) == [sent])
        #expect(result.bodies == ["{}"])
    }

    @Test func writesAResponseThatReadsBack() throws {
        let sent = fields([("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"), ("X-Caf\u{65}", "\u{e9}")])
        var bytes: [UInt8] = []
        try HTTPEncoder.encodeResponse(status: 503, fields: sent, into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        for payload in ["a", "", String(repeating: "b", count: 300)] {
            HTTPEncoder.encodeChunk(Array(payload.utf8).span, into: &bytes)
        }
        HTTPEncoder.encodeLastChunk(into: &bytes)
        let result = responses(bytes)
        #expect(result.error == nil)
        #expect(result.heads.map(\.fields) == [sent])
        #expect(result.bodies == ["a" + String(repeating: "b", count: 300)])
    }

    @Test(arguments: [(1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"), (Int.max, "7fffffffffffffff")])
    func writesTheShortestChunkSize(_ count: Int, _ size: String) {
        var bytes: [UInt8] = []
        HTTPEncoder.beginChunk(count: count, into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == size + "\r\n")
    }

    @Test(arguments: [
        ("x", "a\r\nSet-Cookie: b"), ("x", "a\rb"), ("x", "a\nb"), ("x", "a\0b"), ("x", "\u{7F}"), ("x\r\ny", "a"),
        ("x y", "a"), ("x:", "a"), ("", "a"), ("\u{e9}", "a"),
    ]) func refusesFieldsThatWouldBeginAnotherLine(_ name: String, _ value: String) {
        let fields = fields([("Host", "a"), (name, value)])
        var bytes: [UInt8] = [1]
        #expect(throws: HTTPError.unencodableField(name: name)) {
            try HTTPEncoder.encodeRequest(method: "GET", target: "/", fields: fields, into: &bytes)
        }
        #expect(throws: HTTPError.unencodableField(name: name)) {
            try HTTPEncoder.encodeResponse(status: 200, fields: fields, into: &bytes)
        }
        #expect(bytes == [1])
    }

    @Test(arguments: [("", "/"), ("G T", "/"), ("GET", ""), ("GET", "/a b"), ("GET", "/\r\n"), ("GET", "/\u{e9}")])
    func refusesRequestLines(_ method: String, _ target: String) {
        var bytes: [UInt8] = []
        #expect(throws: HTTPError.unencodableLine) {
            try HTTPEncoder.encodeRequest(method: method, target: target, fields: HTTPFields(), into: &bytes)
        }
        #expect(bytes.isEmpty)
    }

    @Test(arguments: [(99, "OK"), (600, "OK"), (-1, "OK"), (200, "O\r\nK"), (200, "\0")])
    func refusesStatusLines(_ status: Int, _ reason: String) {
        var bytes: [UInt8] = []
        #expect(throws: HTTPError.unencodableLine) {
            try HTTPEncoder.encodeResponse(status: status, reason: reason, fields: HTTPFields(), into: &bytes)
        }
    }

    @Test(arguments: [
        ("GET", HTTPVersion.http11, 200, UInt64?(5), true, HTTPResponseFraming.length(5), true, true, ["5", "", ""]),
        ("GET", .http11, 200, nil, true, .chunked, true, true, ["", "chunked", ""]),
        ("GET", .http11, 200, nil, false, .chunked, true, false, ["", "chunked", "close"]),
        ("HEAD", .http11, 200, 5, true, .length(5), false, true, ["5", "", ""]),
        ("HEAD", .http11, 200, nil, true, .chunked, false, true, ["", "chunked", ""]),
        ("GET", .http11, 204, nil, true, .none, false, true, ["", "", ""]),
        ("GET", .http11, 304, 5, true, .none, false, true, ["", "", ""]),
        ("GET", .http10, 200, 5, true, .length(5), true, true, ["5", "", "keep-alive"]),
        ("GET", .http10, 200, 5, false, .length(5), true, false, ["5", "", "close"]),
        ("GET", .http10, 200, nil, true, .untilClose, true, false, ["", "", "close"]),
    ]) func decidesHowABodyIsDelivered(
        _ method: String, _ version: HTTPVersion, _ status: Int, _ length: UInt64?, _ wish: Bool,
        _ framing: HTTPResponseFraming, _ sendsBody: Bool, _ keepAlive: Bool, _ expected: [String]
    ) {
        let delivery = HTTPResponseDelivery(
            method: method, version: version, status: status, length: length, keepAlive: wish)
        #expect(delivery.framing == framing)
        #expect(delivery.sendsBody == sendsBody)
        #expect(delivery.keepAlive == keepAlive)
        var fields = fields([("Connection", "stale"), ("content-length", "1"), ("X", "y")])
        delivery.apply(to: &fields)
        let names = ["content-length", "transfer-encoding", "connection"]
        #expect(names.map { fields.values($0).joined(separator: ",") } == expected)
        #expect(fields["x"] == "y")
    }
}
