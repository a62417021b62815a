import FreshetHTTPWire
import Testing

@Suite struct AcceptedRequestTests {
    @Test func readsEveryPartOfAHead() throws {
        let result = requests(
            "POST /v1/chat/completions?beta=1&x HTTP/1.1\r\nHost: LocalHost:8080\r\nX-One: a \t\r\nX-one:b\r\n"
                + "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello")
        #expect(result.error == nil)
        let head = try #require(result.heads.first)
        #expect(head.method == "POST")
        #expect(head.target == "/v1/chat/completions?beta=1&x")
        #expect(head.path == "/v1/chat/completions")
        #expect(head.query == "beta=1&x")
        #expect(head.version == .http11)
        #expect(head.host == HTTPHost(parsing: "localhost:8080"))
        #expect(head.keepAlive)
        #expect(head.expectsContinue)
        #expect(head.body == .length(5))
        #expect(head.fields["x-ONE"] == "a")
        #expect(head.fields.values("X-One") == ["a", "b"])
        #expect(head.fields["X-Two"] == nil)
        #expect(head.fields.count == 5)
        #expect(result.bodies == ["hello"])
        #expect(result.ends == 1)
        #expect(result.isIdle)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", nil),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", nil),
        ("GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""),
        ("GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b?c"),
        ("GET /%20 HTTP/1.1\r\nHost: a\r\n\r\n", "/%20", nil),
        ("GET /?q=\u{e9}\u{1f642} HTTP/1.1\r\nHost: a\r\n\r\n", "/", "q=\u{e9}\u{1f642}"),
        ("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/b", "c"),
        ("GET HTTP://A:80 HTTP/1.1\r\nHost: a\r\n\r\n", "/", nil),
        ("GET https://a?c HTTP/1.1\r\nHost: A:443\r\n\r\n", "/", "c"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", nil),
        ("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "*", nil),
        ("GET / HTTP/1.0\r\n\r\n", "/", nil),
        ("QUERY-2 / HTTP/1.1\r\nhost:[::1]:8080\r\n\r\n", "/", nil),
        ("GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nBytes: \u{e9}\t!\r\n\r\n", "/", nil),
    ]) func accepts(_ text: String, path: String, query: String?) throws {
        let result = requests(text)
        #expect(result.error == nil)
        #expect(result.heads.map(\.path) == [path])
        #expect(result.heads.map(\.query) == [query])
        #expect(result.heads.map(\.body) == [HTTPBodyFraming.none])
        #expect(result.ends == 1)
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close", false), ("1.1", "Connection: x, CLOSE", false),
        ("1.1", "Connection: keep-alive", true), ("1.1", "Connection: keep-alive\r\nConnection: close", false),
        ("1.0", "", false), ("1.0", "Connection: Keep-Alive", true), ("1.0", "Connection: keep-alive, close", false),
    ]) func knowsWhetherTheConnectionGoesOn(_ version: String, _ field: String, keepAlive: Bool) {
        let field = field.isEmpty ? "" : field + "\r\n"
        let result = requests("GET / HTTP/\(version)\r\nHost: a\r\n\(field)\r\n")
        #expect(result.heads.map(\.keepAlive) == [keepAlive])
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("0005\r\nhello\r\n0000\r\n\r\n", "hello"),
        ("1;a=b;c=\"d e\"\r\nh\r\n4\r\nello\r\n0\r\nSum: x\r\nOther: y\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\nb\r\n0123456789a\r\n0;end\r\n\r\n", "01234567890123456789a"),
    ]) func joinsChunks(_ body: String, expected: String) {
        let result = requests("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked \r\n\r\n" + body)
        #expect(result.error == nil)
        #expect(result.heads.map(\.body) == [.chunked])
        #expect(result.bodies == [expected])
        #expect(result.ends == 1)
    }

    @Test func servesPipelinedRequestsInOrder() {
        let result = requests(
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\nGET /4 HT")
        #expect(result.error == nil)
        #expect(result.heads.map(\.path) == ["/1", "/2", "/3"])
        #expect(result.bodies == ["ab", "", "c"])
        #expect(result.ends == 3)
        #expect(!result.isIdle)
    }

    @Test func expectsNothingWithoutBody() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        #expect(requests(head + "\r\n").heads.map(\.expectsContinue) == [false])
        #expect(requests(head + "Transfer-Encoding: chunked\r\n\r\n").heads.map(\.expectsContinue) == [true])
    }
}
