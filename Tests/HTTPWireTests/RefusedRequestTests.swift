import FreshetHTTPWire
import FreshetTestSupport
import Testing

/// A hostile or broken request and the error it must meet.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
    let text: [UInt8]
    let error: HTTPError

    /// Lines of a whole head behind `POST / HTTP/1.1` and `Host: a`.
    init(fields: String, body: String = "", _ error: HTTPError) {
        self.init("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n" + body, error)
    }

    init(chunks: String, _ error: HTTPError) {
        self.init(fields: "Transfer-Encoding: chunked", body: chunks, error)
    }

    init(_ text: String, _ error: HTTPError) {
        self.init(bytes: Array(text.utf8), error)
    }

    init(bytes: [UInt8], _ error: HTTPError) { (text, self.error) = (bytes, error) }

    var testDescription: String { String(decoding: text, as: UTF8.self).debugDescription }

    static let lines: [RefusedRequest] = [
        .init("\r\n\r\nGET / HTTP/1.1\r\n", .badRequestLine),
        .init("GET /\r\n", .badRequestLine),
        .init("GET\r\n", .badRequestLine),
        .init(" GET / HTTP/1.1\r\n", .badRequestLine),
        .init("GET  / HTTP/1.1\r\n", .badRequestLine),
        .init("GET /  HTTP/1.1\r\n", .badRequestLine),
        .init("GET / HTTP/1.1 \r\n", .badRequestLine),
        .init("GET\t/ HTTP/1.1\r\n", .badRequestLine),
        .init("GET /\tHTTP/1.1\r\n", .badRequestLine),
        .init("GET /a b HTTP/1.1\r\n", .badRequestLine),
        .init("G@T / HTTP/1.1\r\n", .badRequestLine),
        .init("{\"a\": 1}\r\n", .badRequestLine),
        .init("AVERYLONGMETHODTHATNOBODYHAS / HTTP/1.1\r\n", .badRequestLine),
        .init("GET / HTTP/1.1x\r\n", .badRequestLine),
        .init("GET / http/1.1\r\n", .badRequestLine),
        .init("GET / HTTP/1.\r\n", .badRequestLine),
        .init("GET / HTTP/11\r\n", .badRequestLine),
        .init("GET / HTTP/1.+\r\n", .badRequestLine),
        .init("GET / HTTP/01.1\r\n", .badRequestLine),
        .init("GET / HTTPS/1.1\r\n", .badRequestLine),
        .init("GET / HTTP/0.9\r\n", .unsupportedVersion),
        .init("GET / HTTP/1.2\r\n", .unsupportedVersion),
        .init("GET / HTTP/3.0\r\n", .unsupportedVersion),
        .init("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        .init("CONNECT a:443 HTTP/1.1\r\n", .unsupportedMethod),
        .init("GET /a#b HTTP/1.1\r\n", .badTarget),
        .init("GET /\u{e9} HTTP/1.1\r\n", .badTarget),
        .init(bytes: Array("GET /?".utf8) + [0xFF] + Array(" HTTP/1.1\r\n".utf8), .badTarget),
        .init(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], .controlByte),
    ]

    static let targets: [RefusedRequest] = [
        .init("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
        .init("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .foreignAuthority),
        .init("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", .foreignAuthority),
        .init("GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n", .foreignAuthority),
        .init("GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", .foreignAuthority),
        .init("GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
        .init("GET / HTTP/1.1\r\n\r\n", .missingHost),
        .init("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
        .init("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", .repeatedHost),
        .init("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
        .init("GET / HTTP/1.1\r\nHost:\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .badHost),
        .init("GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n", .badHost),
    ]

    static let fields: [RefusedRequest] = [
        .init(fields: "Content-Length: 5\r\nTransfer-Encoding: chunked", .lengthAndTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked\r\nContent-Length: 5", .lengthAndTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked\r\nContent-Length: 0", .lengthAndTransferEncoding),
        .init(fields: "Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
        .init(fields: "Content-Length: 5\r\ncontent-length: 6", .repeatedContentLength),
        .init(fields: "Content-Length: 0\r\nX: y\r\nContent-Length: 0", .repeatedContentLength),
        .init(fields: "Content-Length: +5", .badContentLength),
        .init(fields: "Content-Length: -5", .badContentLength),
        .init(fields: "Content-Length: -0", .badContentLength),
        .init(fields: "Content-Length: 0x5", .badContentLength),
        .init(fields: "Content-Length: 5a", .badContentLength),
        .init(fields: "Content-Length: 5, 5", .badContentLength),
        .init(fields: "Content-Length: 5,", .badContentLength),
        .init(fields: "Content-Length: 5 5", .badContentLength),
        .init(fields: "Content-Length: 5;x", .badContentLength),
        .init(fields: "Content-Length: 5.0", .badContentLength),
        .init(fields: "Content-Length: 1_000", .badContentLength),
        .init(fields: "Content-Length: \"5\"", .badContentLength),
        .init(fields: "Content-Length: \u{0665}", .badContentLength),
        .init(fields: "Content-Length:", .badContentLength),
        .init(fields: "Content-Length:\t5", .badContentLength),
        .init(fields: "Content-Length: 5 \t", .badContentLength),
        .init(fields: "Content-Length: 9223372036854775808", .badContentLength),
        .init(fields: "Content-Length: 18446744073709551621", .badContentLength),
        .init(fields: "Content-Length: 99999999999999999999999999", .badContentLength),
        .init(fields: "Transfer-Encoding: xchunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunkedx", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: Chunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked, identity", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: gzip, chunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked, chunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: , chunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked;q=1", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: \"chunked\"", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: identity", .badTransferEncoding),
        .init(fields: "Transfer-Encoding:", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: \tchunked", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked\t", .badTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .repeatedTransferEncoding),
        .init(fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", .badTransferEncoding),
        .init("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .badTransferEncoding),
        .init(fields: "Transfer-Encoding : chunked", .badFieldName),
        .init(fields: "Content-Length\t: 5", .badFieldName),
        .init(fields: "Content-Length 5", .badFieldName),
        .init(fields: ": 5", .badFieldName),
        .init(fields: "X", .badFieldName),
        .init(fields: "X(y): 5", .badFieldName),
        .init(fields: "\u{e9}: 5", .badFieldName),
        .init(fields: " Content-Length: 5", .foldedField),
        .init(fields: "X: a\r\n b", .foldedField),
        .init(fields: "X: a\r\n\tb", .foldedField),
        .init(fields: "X: a\r\n ", .foldedField),
        .init("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
        .init(fields: "Expect: 200-ok", .unsupportedExpectation),
        .init(fields: "Expect: 100-continue, x", .unsupportedExpectation),
    ]

    static let bytes: [RefusedRequest] = [
        .init("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
        .init("\nGET / HTTP/1.1\r\n", .bareLineFeed),
        .init("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
        .init("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        .init("GET / HTTP/1.1\r\nX: a\nHost: b\r\n\r\n", .bareLineFeed),
        .init("GET / HTTP/1.1\rHost: a\r\r", .bareCarriageReturn),
        .init("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", .bareCarriageReturn),
        .init("GET / HTTP/1.1\r\nX: a\rHost: b\r\n\r\n", .bareCarriageReturn),
        .init("GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", .bareCarriageReturn),
        .init("GET / HTTP/1.1\r\nX: a\0b\r\n", .controlByte),
        .init("GET /\0 HTTP/1.1\r\n", .controlByte),
        .init("GET / HTTP/1.1\r\nTransfer-Encoding:\u{0B}chunked\r\n", .controlByte),
        .init("GET / HTTP/1.1\r\nX: \u{1B}[2J\r\n", .controlByte),
        .init("GET / HTTP/1.1\r\nX: \u{7F}\r\n", .controlByte),
    ]

    static let chunks: [RefusedRequest] = [
        .init(chunks: "\r\n", .badChunkSize),
        .init(chunks: "0x1\r\na\r\n", .badChunkSize),
        .init(chunks: "+1\r\na\r\n", .badChunkSize),
        .init(chunks: "-1\r\na\r\n", .badChunkSize),
        .init(chunks: " 1\r\na\r\n", .badChunkSize),
        .init(chunks: "1 \r\na\r\n", .badChunkSize),
        .init(chunks: "1 ;x\r\na\r\n", .badChunkSize),
        .init(chunks: "g\r\n", .badChunkSize),
        .init(chunks: ";x\r\n", .badChunkSize),
        .init(chunks: "1\na\n0\n\n", .badChunkSize),
        .init(chunks: "1\ra\r\n", .badChunkSize),
        .init(chunks: "1\r\r\na\r\n", .badChunkSize),
        .init(chunks: "1;x\ny\r\na\r\n", .badChunkSize),
        .init(chunks: "1;x\ry\r\na\r\n", .badChunkSize),
        .init(chunks: "1;x\0\r\na\r\n", .badChunkSize),
        .init(chunks: "1;\u{e9}\r\na\r\n", .badChunkSize),
        .init(chunks: "8000000000000000\r\n", .badChunkSize),
        .init(chunks: "ffffffffffffffff\r\n", .badChunkSize),
        .init(chunks: "10000000000000001\r\n", .badChunkSize),
        .init(chunks: "00000000000000001\r\na\r\n", .badChunkSize),
        .init(chunks: "1\r\nab\r\n", .badChunkEnd),
        .init(chunks: "1\r\na\n", .badChunkEnd),
        .init(chunks: "1\r\na\r\r\n", .badChunkEnd),
        .init(chunks: "2\r\na\r\n1\r\n", .badChunkEnd),
        .init(chunks: "1\r\na0\r\n\r\n", .badChunkEnd),
        .init(chunks: "0\r\nX: a\n\r\n", .bareLineFeed),
        .init(chunks: "0\r\n\n", .bareLineFeed),
        .init(chunks: "0\r\n\rX", .bareCarriageReturn),
        .init(chunks: "0\r\nX : a\r\n\r\n", .badFieldName),
        .init(chunks: "0\r\nGET / HTTP/1.1\r\n\r\n", .badFieldName),
        .init(chunks: "0\r\nX: a\r\n b\r\n\r\n", .foldedField),
        .init(chunks: "0\r\nX: \0\r\n\r\n", .controlByte),
        .init(chunks: "0\r\nContent-Length: 5\r\n\r\n", .forbiddenTrailer),
        .init(chunks: "0\r\nX: y\r\nTRANSFER-ENCODING: chunked\r\n\r\n", .forbiddenTrailer),
        .init(chunks: "0\r\nhost: a\r\n\r\n", .forbiddenTrailer),
        .init(chunks: "0\r\n\r\n\r\n\r\n", .badRequestLine),
    ]

    static let all = lines + targets + fields + bytes + chunks
}

@Suite struct RefusedRequestTests {
    @Test(arguments: RefusedRequest.all) func refusesWhateverIsAmbiguous(_ request: RefusedRequest) {
        let whole = requests(request.text)
        #expect(whole.error == request.error)
        #expect([400, 417, 501, 505].contains(request.error.status))
        for plan in Chunking.plans(count: request.text.count) {
            #expect(requests(request.text, cut: plan) == whole, "\(plan)")
        }
    }

    @Test func staysFailed() throws {
        var decoder = HTTPRequestDecoder()
        for input in ["GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            var position = 0
            #expect(throws: HTTPError.bareLineFeed) { try decoder.next(Array(input.utf8).span, from: &position) }
        }
        #expect(!decoder.isIdle)
    }

    @Test func givesWhatCameBeforeTheFault() {
        let result = requests(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nx")
        #expect(result.error == .badChunkSize)
        #expect(result.bodies == ["ab"])
        #expect(result.ends == 0)
    }
}
