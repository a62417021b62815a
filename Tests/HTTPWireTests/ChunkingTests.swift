import FreshetHTTPWire
import FreshetTestSupport
import Testing

@Suite struct ChunkingTests {
    static let requestInputs = [
        "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;x=y\r\nhello\r\n0c\r\n wide\r\nworld\r\n0\r\nSum: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET /3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            + "POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n" + String(repeating: "0123456789", count: 600),
        "POST / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 5000) + "\r\n\r\n",
    ]

    @Test(arguments: requestInputs) func neverChangesTheRequests(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = requests(bytes)
        #expect(whole.error == nil)
        #expect(!whole.heads.isEmpty)
        for plan in Chunking.plans(count: bytes.count) { #expect(requests(bytes, cut: plan) == whole, "\(plan)") }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nSum: a\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\ndata: b\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 304\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest",
    ]) func neverChangesTheResponses(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = responses(bytes, to: ["POST", "GET", "GET"])
        #expect(whole.ends >= 1)
        for plan in Chunking.plans(count: bytes.count) {
            #expect(responses(bytes, cut: plan, to: ["POST", "GET", "GET"]) == whole, "\(plan)")
        }
    }

    /// The work per byte does not depend on how much came before it: a long head in single bytes ends at all.
    @Test func takesALongHeadByteByByte() {
        let fields = (0..<100).map { "X-\($0): " + String(repeating: "v", count: 600) + "\r\n" }.joined()
        let bytes = Array(("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").utf8)
        let result = requests(bytes, cut: bytes.indices.map { $0..<$0 + 1 })
        #expect(result.error == nil)
        #expect(result.heads.map(\.fields.count) == [101])
    }
}
