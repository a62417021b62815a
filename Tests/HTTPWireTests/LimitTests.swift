import FreshetHTTPWire
import FreshetTestSupport
import Testing

@Suite struct LimitTests {
    private func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
        var limits = HTTPLimits()
        change(&limits)
        return limits
    }

    /// Expects that `accepted` passes, `refused` meets the error, and both do at every cut.
    private func expectBound(_ accepted: String, _ refused: String, _ limits: HTTPLimits, _ error: HTTPError) {
        #expect(requests(accepted, limits: limits).error == nil)
        #expect(requests(accepted, limits: limits).ends == 1)
        let bytes = Array(refused.utf8)
        let whole = requests(bytes, limits: limits)
        #expect(whole.error == error)
        for plan in Chunking.plans(count: bytes.count) {
            #expect(requests(bytes, cut: plan, limits: limits) == whole, "\(plan)")
        }
    }

    @Test func boundsTheHead() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        let limits = limits { $0.headBytes = head.utf8.count }
        let longer = "GET / HTTP/1.1\r\nHost: a\r\nX: yy\r\n\r\n"
        expectBound(head, longer, limits, .headTooLarge(limit: head.utf8.count))
        #expect(HTTPError.headTooLarge(limit: 1).status == 431)
    }

    @Test func boundsAHeadThatNeverEnds() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + Array(repeating: UInt8(ascii: "y"), count: 70_000)
        #expect(requests(bytes).error == .headTooLarge(limit: 65_536))
    }

    @Test func boundsTheTarget() {
        let limits = limits { $0.targetBytes = 4 }
        expectBound(
            "GET /abc HTTP/1.1\r\nHost: a\r\n\r\n", "GET /abcd HTTP/1.1\r\nHost: a\r\n\r\n", limits,
            .targetTooLong(limit: 4))
        let endless = "GET /" + String(repeating: "a", count: 17 << 10)
        #expect(requests(endless).error == .targetTooLong(limit: 16 << 10))
        #expect(HTTPError.targetTooLong(limit: 1).status == 414)
    }

    @Test func boundsTheFields() {
        let limits = limits { $0.fieldCount = 2 }
        expectBound(
            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n",
            limits, .tooManyFields(limit: 2))
        #expect(HTTPError.tooManyFields(limit: 1).status == 431)
    }

    @Test func boundsChunkLines() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let limits = limits { $0.chunkLineBytes = 8 }
        expectBound(
            head + "1;abcd\r\na\r\n0\r\n\r\n", head + "1;abcde\r\na\r\n0\r\n\r\n", limits,
            .chunkLineTooLong(limit: 8))
    }

    @Test func boundsTrailers() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        expectBound(
            head + "X: abc\r\n\r\n", head + "X: abcd\r\n\r\n", limits { $0.trailerBytes = 10 },
            .trailersTooLarge(limit: 10))
        expectBound(
            head + "X: a\r\nX: b\r\n\r\n", head + "X: a\r\nX: b\r\nX: c\r\n\r\n", limits { $0.fieldCount = 2 },
            .tooManyFields(limit: 2))
    }

    @Test func survivesLimitsThatMakeNoSense() {
        for bytes in [Int.min, -1, 0, Int.max] {
            let limits = limits {
                ($0.headBytes, $0.targetBytes, $0.fieldCount) = (bytes, bytes, bytes)
                ($0.chunkLineBytes, $0.trailerBytes) = (bytes, bytes)
            }
            let result = requests(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", limits: limits)
            #expect((result.error == nil) == (bytes == .max))
        }
    }
}
