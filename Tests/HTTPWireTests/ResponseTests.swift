import FreshetHTTPWire
import FreshetTestSupport
import Testing

@Suite struct ResponseTests {
    @Test func readsEveryPartOfAHead() throws {
        let result = responses("HTTP/1.1 429 Too Many\tRequests \r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}")
        #expect(result.error == nil)
        let head = try #require(result.heads.first)
        #expect(head.status == 429)
        #expect(head.reason == "Too Many\tRequests ")
        #expect(head.version == .http11)
        #expect(head.fields["retry-after"] == "3")
        #expect(head.framing == .length(2))
        #expect(head.keepAlive)
        #expect(result.bodies == ["{}"])
        #expect(result.isIdle)
    }

    @Test(arguments: [
        ("GET", "200 OK", "Content-Length: 2", "ab", HTTPResponseFraming.length(2), true),
        ("GET", "200 OK", "Content-Length: 0", "", .length(0), true),
        ("GET", "200", "Content-Length: 0", "", .length(0), true),
        ("GET", "200 ", "Content-Length: 0", "", .length(0), true),
        ("GET", "200 OK", "Transfer-Encoding: Chunked", "2;x\r\nab\r\n0\r\nX: y\r\n\r\n", .chunked, true),
        ("GET", "200 OK", "X: y", "ab", .untilClose, false),
        ("GET", "200 OK", "Connection: close\r\nContent-Length: 2", "ab", .length(2), false),
        ("HEAD", "200 OK", "Content-Length: 2", "", .none, true),
        ("HEAD", "200 OK", "Transfer-Encoding: chunked", "", .none, true),
        ("GET", "304 Not Modified", "Content-Length: 2", "", .none, true),
        ("GET", "204 No Content", "X: y", "", .none, true),
        ("GET", "204 No Content", "Content-Length: 0", "", .none, true),
        ("GET", "204 No Content", "Content-Length: 2", "", .none, false),
        ("GET", "204 No Content", "Transfer-Encoding: chunked", "", .none, false),
    ]) func findsTheEndOfTheBody(
        _ method: String, _ status: String, _ field: String, _ body: String, _ framing: HTTPResponseFraming,
        keepAlive: Bool
    ) {
        let result = responses("HTTP/1.1 \(status)\r\n\(field)\r\n\r\n\(body)", to: [method])
        #expect(result.error == nil)
        #expect(result.heads.map(\.framing) == [framing])
        #expect(result.heads.map(\.keepAlive) == [keepAlive])
        #expect(result.bodies == [framing == .none || body.isEmpty ? "" : "ab"])
        #expect(result.ends == 1)
        #expect(result.isIdle)
    }

    @Test(arguments: [
        ("Content-Length: 2", "ab", false), ("Connection: keep-alive\r\nContent-Length: 2", "ab", true),
        ("Connection: keep-alive", "ab", false),
        ("Connection: keep-alive\r\nTransfer-Encoding: chunked", "2\r\nab\r\n0\r\n\r\n", false),
    ]) func understandsHTTP10(_ fields: String, _ body: String, keepAlive: Bool) {
        let result = responses("HTTP/1.0 200 OK\r\n\(fields)\r\n\r\n\(body)")
        #expect(result.error == nil)
        #expect(result.heads.map(\.keepAlive) == [keepAlive])
        #expect(result.bodies == ["ab"])
        #expect(result.ends == 1)
    }

    @Test func givesInterimHeadsFirst() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        let result = responses("HTTP/1.1 100 Continue\r\n\r\n" + interim + final)
        #expect(result.error == nil)
        #expect(result.heads.map(\.status) == [100, 103, 200])
        #expect(result.heads.map(\.isInterim) == [true, true, false])
        #expect(result.bodies == ["", "", "a"])
        #expect(result.ends == 1)
        #expect(responses(String(repeating: interim, count: 16) + final).error == nil)
        #expect(
            responses(String(repeating: interim, count: 17) + final).error == .tooManyInterimResponses(limit: 16))
    }

    @Test func servesOneResponsePerExpectation() {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        let result = responses(response + response, to: ["GET", "POST"])
        #expect(result.error == nil)
        #expect(result.ends == 2)
        let unexpected = responses(response + response)
        #expect(unexpected.error == .unexpectedBytes)
        #expect(unexpected.ends == 1)
        #expect(responses("", to: []) == DecodedResponses(isIdle: true))
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
    ]) func tellsATruncatedResponse(_ text: String) {
        let result = responses(text)
        #expect(result.error == .truncated)
        #expect(result.ends == 0)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\n\n", HTTPError.bareLineFeed), ("HTTP/1.1 200 OK\r\nX: a\rb\r\n", .bareCarriageReturn),
        ("\r\nHTTP/1.1 200 OK\r\n", .badStatusLine), ("ICY 200 OK\r\n", .badStatusLine),
        ("HTTP/1.1  200 OK\r\n", .badStatusLine), ("HTTP/1.1 20 OK\r\n", .badStatusLine),
        ("HTTP/1.1 2000 OK\r\n", .badStatusLine), ("HTTP/1.1 +20 OK\r\n", .badStatusLine),
        ("HTTP/1.1 099 OK\r\n", .badStatusLine), ("HTTP/1.1 600 OK\r\n", .badStatusLine),
        ("HTTP/2.0 200 OK\r\n", .unsupportedVersion), ("HTTP/1.1 101 Switch\r\n\r\n", .unexpectedUpgrade),
        ("HTTP/1.1 200 OK\r\nX : a\r\n", .badFieldName), ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n", .foldedField),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n", .repeatedContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n", .badContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", .lengthAndTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", .badTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", .badChunkSize),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", .badChunkEnd),
    ]) func refusesWhateverIsAmbiguous(_ text: String, _ error: HTTPError) {
        let bytes = Array(text.utf8)
        let whole = responses(bytes)
        #expect(whole.error == error)
        for plan in Chunking.plans(count: bytes.count) { #expect(responses(bytes, cut: plan) == whole) }
    }
}
