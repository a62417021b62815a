public import FreshetHTTPWire

/// What became of one request, told on its loop once it is over.
public struct HTTPServerReport {
    /// nil when it could not be read.
    public let head: HTTPRequestHead?
    /// Its loop is the report's; nil when the server answered by itself.
    public let exchange: HTTPServerExchange?
    /// Where it was served.
    public let loop: EventLoop
    /// When its first byte came; `never` when none did.
    public let began: MonotonicTime
    /// 0 when the client left before its response began.
    public let status: Int
    /// Of the response, as far as the kernel has taken them.
    public let sentBytes: Int
    /// Whether the client left before its response was complete.
    public let isGone: Bool
    /// The limit that was passed, by its name in the configuration; nil when none was.
    public let limit: String?
}

extension HTTPServerReport {
    init(of exchange: HTTPServerExchange) {
        self.init(
            head: exchange.head, exchange: exchange, loop: exchange.loop, began: exchange.began,
            status: exchange.status, sentBytes: exchange.sentBytes, isGone: exchange.isGone,
            limit: exchange.passedLimit)
    }
}

extension HTTPError {
    /// The limit that was passed, as the configuration names it; nil when it was the grammar.
    var limit: String? {
        switch self {
        case .headTooLarge: "head"
        case .tooManyFields: "fields"
        case .trailersTooLarge: "trailers"
        case .targetTooLong: "target"
        case .chunkLineTooLong: "chunk_line"
        case .bareCarriageReturn, .bareLineFeed, .controlByte, .badFieldName, .foldedField, .badContentLength,
            .repeatedContentLength, .badTransferEncoding, .repeatedTransferEncoding, .lengthAndTransferEncoding,
            .badRequestLine, .unsupportedMethod, .badTarget, .unsupportedVersion, .missingHost, .repeatedHost,
            .badHost, .foreignAuthority, .unsupportedExpectation, .badChunkSize, .badChunkEnd, .forbiddenTrailer,
            .badStatusLine, .tooManyInterimResponses, .unexpectedUpgrade, .unexpectedBytes, .truncated,
            .unencodableLine, .unencodableField:
            nil
        }
    }
}
