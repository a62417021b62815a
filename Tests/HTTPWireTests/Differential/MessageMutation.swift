import FreshetTestSupport

/// Makes odd messages out of good ones.
struct MessageMutation {
    private var numbers: SeededGenerator
    private let isResponse: Bool

    init(seed: UInt64, isResponse: Bool) {
        numbers = SeededGenerator(seed: seed)
        self.isResponse = isResponse
    }

    /// One to three messages behind each other, most of them spoilt in one to three places.
    mutating func next() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<pick([1, 1, 2, 3]) { bytes += Array(pick(isResponse ? Self.responses : Self.requests).utf8) }
        for _ in 0..<pick([0, 1, 1, 1, 2, 3]) where !bytes.isEmpty { spoil(&bytes) }
        return bytes
    }

    /// Cuts for one input.
    mutating func cuts(_ count: Int) -> [Range<Int>] {
        var plan: [Range<Int>] = []
        var start = 0
        let longest = pick([1, 2, 5, 16, 64, 1 << 20])
        while start < count {
            let end = min(count, start + number(longest) + 1)
            plan.append(start..<end)
            start = end
        }
        return plan
    }

    private mutating func number(_ end: Int) -> Int { Int.random(in: 0..<max(1, end), using: &numbers) }
    mutating func pick<Element>(_ list: [Element]) -> Element { list[number(list.count)] }

    private mutating func spoil(_ bytes: inout [UInt8]) {
        let at = number(bytes.count)
        switch number(12) {
        case 0: bytes.remove(at: at)
        case 1: bytes[at] = pick(Self.bytes)
        case 2: bytes.insert(pick(Self.bytes), at: at)
        case 3: bytes.insert(bytes[at], at: at)
        case 4: bytes[at] ^= 0x20
        case 5: bytes[at] = UInt8(number(256))
        case 6: bytes = Array(bytes[..<at])
        case 7, 8, 9: insertLine(into: &bytes, near: at)
        case 10: repeatLine(of: &bytes, near: at)
        default: spoilLineEnd(of: &bytes, near: at)
        }
    }

    private func lineStart(_ bytes: [UInt8], near at: Int) -> Int {
        (bytes[..<at].lastIndex(of: 0x0A) ?? -1) + 1
    }

    private mutating func insertLine(into bytes: inout [UInt8], near at: Int) {
        bytes.insert(contentsOf: Array((pick(Self.lines) + "\r\n").utf8), at: lineStart(bytes, near: at))
    }

    private mutating func repeatLine(of bytes: inout [UInt8], near at: Int) {
        let start = lineStart(bytes, near: at)
        let end = (bytes[at...].firstIndex(of: 0x0A) ?? bytes.count - 1) + 1
        bytes.insert(contentsOf: Array(bytes[start..<max(start, end)]), at: start)
    }

    private mutating func spoilLineEnd(of bytes: inout [UInt8], near at: Int) {
        guard let end = bytes[at...].firstIndex(of: 0x0A), end > 0 else { return }
        bytes.replaceSubrange(
            max(0, end - 1)...end, with: Array(pick(["\n", "\r", "\r\r\n", "\r\n ", "", "\n\r"]).utf8))
    }

    private static let bytes = Array("\r\n \t:;,+-0129aFx/?#%\"\0\u{0B}\u{0C}\u{1B}\u{7F}".utf8) + [0x80, 0xA0, 0xFF]

    private static let lines = [
        "Content-Length: 5", "Content-Length: 0", "content-length: 05", "Content-Length: +5", "Content-Length: 5, 5",
        "Content-Length: 0x5", "Content-Length:", "Content-Length: 18446744073709551616", "Content-Length : 5",
        "Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity", "Transfer-Encoding: xchunked",
        "Transfer-Encoding:\u{0B}chunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked;q=1",
        "Connection: close", "Connection: keep-alive", "Connection: close, keep-alive", "Connection: upgrade",
        "Upgrade: websocket", "Host: b", "Host:", "Expect: 100-continue", "Expect: x", "X:", "X: a\u{E9}", " folded",
        "\tfolded", "", "X", ": x", "X Y: z", "0", "5", "1;a=b", "GET / HTTP/1.1", "HTTP/1.1 200 OK",
    ]

    private static let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/models?x=1&y=%20 HTTP/1.1\r\nHost: a:80\r\nAccept: */*\r\nUser-Agent: t/1 (x; y)\r\n\r\n",
        "HEAD /healthz HTTP/1.0\r\n\r\n",
        "HEAD / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Type: application/json\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n3\r\nabc\r\n00B;x=y\r\nhello world\r\n0\r\nX: y\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: [::1]:8080\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "DELETE http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPATCH /a HTTP/1.1\r\nHost:\t a \t\r\nX-Empty:\r\nContent-Length: 1\r\n\r\n\n",
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ]

    private static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA;x\r\n0123456789\r\n1\r\n\n\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
    ]
}
