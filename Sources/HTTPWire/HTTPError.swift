/// Why bytes are not the HTTP/1.1 they should be. Whatever two readers could read differently is refused.
public enum HTTPError: Error, Equatable, Sendable {
    // Any head.
    /// A carriage return that no line feed follows.
    case bareCarriageReturn
    /// A line feed that no carriage return precedes.
    case bareLineFeed
    /// NUL or another control byte.
    case controlByte
    /// More than `HTTPLimits.headBytes`.
    case headTooLarge(limit: Int)
    /// More than `HTTPLimits.fieldCount`.
    case tooManyFields(limit: Int)
    /// A line without colon, an empty name, or a byte that names do not have; a space before the colon too.
    case badFieldName
    /// A field continued on the next line.
    case foldedField
    /// Anything but digits, or more than 2⁶³ − 1.
    case badContentLength
    /// Two lengths, be they equal.
    case repeatedContentLength
    /// Any transfer coding but `chunked` alone, or one in an HTTP/1.0 request.
    case badTransferEncoding
    /// Two fields of transfer codings.
    case repeatedTransferEncoding
    /// A length beside a transfer coding.
    case lengthAndTransferEncoding

    // Requests.
    /// A first line that is not method, target and version with one space between them.
    case badRequestLine
    /// A method that never has an answer here (`CONNECT`).
    case unsupportedMethod
    /// A target in no form that its method allows.
    case badTarget
    /// More than `HTTPLimits.targetBytes`.
    case targetTooLong(limit: Int)
    /// Neither HTTP/1.1 nor HTTP/1.0.
    case unsupportedVersion
    /// HTTP/1.1 without `Host`.
    case missingHost
    /// Two `Host` fields.
    case repeatedHost
    /// A `Host` that is no host with an optional port.
    case badHost
    /// A target that names another authority than `Host` does.
    case foreignAuthority
    /// An `Expect` other than `100-continue`.
    case unsupportedExpectation

    // Bodies.
    /// A chunk's size that is not hexadecimal digits, is above 2⁶³ − 1, or is followed by something unexpected.
    case badChunkSize
    /// Bytes of a chunk that no line end follows.
    case badChunkEnd
    /// More than `HTTPLimits.chunkLineBytes`.
    case chunkLineTooLong(limit: Int)
    /// A field behind the last chunk that says what only a head may say: framing, routing, who asks.
    case forbiddenTrailer
    /// More than `HTTPLimits.trailerBytes`.
    case trailersTooLarge(limit: Int)

    // Responses.
    /// A first line that is not version and status.
    case badStatusLine
    /// More than `HTTPLimits.interimCount`.
    case tooManyInterimResponses(limit: Int)
    /// A switch of protocols (101) that nobody asked for.
    case unexpectedUpgrade
    /// Bytes where no response was expected.
    case unexpectedBytes
    /// The connection ended inside a response.
    case truncated

    // Encoding.
    /// A method, target or reason that cannot be put on a line.
    case unencodableLine
    /// A field that cannot be put on a line; values of peers are refused this way when they are relayed.
    case unencodableField(name: String)
}
