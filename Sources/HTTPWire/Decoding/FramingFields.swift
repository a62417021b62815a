/// What the fields of a head say about framing and the connection, gathered while they are read.
struct FramingFields: Sendable {
    private(set) var length: UInt64?
    private(set) var isChunked = false
    private(set) var closes = false
    private(set) var keepsAlive = false
    private(set) var hostField: Range<Int>?
    private(set) var expectsContinue = false

    /// Takes one field of a request in.
    mutating func noteRequest(_ field: FieldLine, in bytes: Span<UInt8>) throws(HTTPError) {
        switch field.name.count {
        case 4 where bytes.matches(field.name, lowercase: "host"):
            guard hostField == nil else { throw .repeatedHost }
            hostField = field.value
        case 6 where bytes.matches(field.name, lowercase: "expect"):
            guard bytes.matches(field.value, lowercase: "100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case 17 where bytes.matches(field.name, lowercase: "transfer-encoding"):
            // Case would not matter (RFC 9112 §7), but a proxy in front may think so: what it could skip is refused.
            try noteCoding(isAccepted: bytes.equals(field.value, "chunked") && !field.hasTab(in: bytes))
        default:
            try noteCommon(field, in: bytes)
        }
    }

    /// Takes one field of a response in.
    mutating func noteResponse(_ field: FieldLine, in bytes: Span<UInt8>) throws(HTTPError) {
        if field.name.count == 17, bytes.matches(field.name, lowercase: "transfer-encoding") {
            try noteCoding(isAccepted: bytes.matches(field.value, lowercase: "chunked") && !field.hasTab(in: bytes))
        } else {
            try noteCommon(field, in: bytes)
        }
    }

    private mutating func noteCoding(isAccepted: Bool) throws(HTTPError) {
        guard isAccepted else { throw .badTransferEncoding }
        guard !isChunked else { throw .repeatedTransferEncoding }
        guard length == nil else { throw .lengthAndTransferEncoding }
        isChunked = true
    }

    private mutating func noteCommon(_ field: FieldLine, in bytes: Span<UInt8>) throws(HTTPError) {
        switch field.name.count {
        case 10 where bytes.matches(field.name, lowercase: "connection"):
            if bytes.list(field.value, contains: "close") { closes = true }
            if bytes.list(field.value, contains: "keep-alive") { keepsAlive = true }
        case 14 where bytes.matches(field.name, lowercase: "content-length"):
            guard let number = bytes.decimal(field.value), !field.hasTab(in: bytes) else { throw .badContentLength }
            guard length == nil else { throw .repeatedContentLength }
            guard !isChunked else { throw .lengthAndTransferEncoding }
            length = number
        default:
            break
        }
    }

    /// Whether the connection goes on after the message, as far as version and `Connection` say.
    func keepsConnection(_ version: HTTPVersion) -> Bool { !closes && (keepsAlive || version >= .http11) }
}
