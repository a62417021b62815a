extension HTTPError {
    /// The status to answer with before closing: 4xx and 5xx for requests, 502 for what a provider sent.
    public var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .targetTooLong: 414
        case .unsupportedMethod: 501
        case .unsupportedVersion: 505
        case .unsupportedExpectation: 417
        case .badStatusLine, .tooManyInterimResponses, .unexpectedUpgrade, .unexpectedBytes, .truncated,
            .unencodableLine, .unencodableField:
            502
        case .bareCarriageReturn, .bareLineFeed, .controlByte, .badFieldName, .foldedField, .badContentLength,
            .repeatedContentLength, .badTransferEncoding, .repeatedTransferEncoding, .lengthAndTransferEncoding,
            .badRequestLine, .badTarget, .missingHost, .repeatedHost, .badHost, .foreignAuthority, .badChunkSize,
            .badChunkEnd, .chunkLineTooLong, .forbiddenTrailer:
            400
        }
    }

    /// One sentence for the body of the answer. It holds no byte that the peer sent, a field's name aside.
    public var reason: String {
        switch self {
        case .bareCarriageReturn: "A carriage return stands without a line feed."
        case .bareLineFeed: "A line feed stands without a carriage return."
        case .controlByte: "The head holds a control byte."
        case .headTooLarge(let limit): "The head is longer than \(limit) bytes."
        case .tooManyFields(let limit): "There are more than \(limit) header fields."
        case .badFieldName: "A header field has no valid name."
        case .foldedField: "A header field is continued on the next line."
        case .badContentLength: "Content-Length is not a number of bytes."
        case .repeatedContentLength: "Content-Length is there twice."
        case .badTransferEncoding: "Transfer-Encoding is not chunked alone."
        case .repeatedTransferEncoding: "Transfer-Encoding is there twice."
        case .lengthAndTransferEncoding: "Content-Length and Transfer-Encoding are both there."
        case .badRequestLine: "The request line is not a method, a target and a version."
        case .unsupportedMethod: "The method is not supported."
        case .badTarget: "The request target is not valid."
        case .targetTooLong(let limit): "The request target is longer than \(limit) bytes."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are supported."
        case .missingHost: "Host is missing."
        case .repeatedHost: "Host is there twice."
        case .badHost: "Host is not a host with an optional port."
        case .foreignAuthority: "The request target names another authority than Host."
        case .unsupportedExpectation: "Expect is not 100-continue."
        case .badChunkSize: "A chunk's size is not valid."
        case .badChunkEnd: "A chunk does not end where its size says."
        case .chunkLineTooLong(let limit): "A chunk's size line is longer than \(limit) bytes."
        case .forbiddenTrailer: "A trailer field says what only a head may say."
        case .trailersTooLarge(let limit): "The trailers are longer than \(limit) bytes."
        case .badStatusLine: "The status line is not valid."
        case .tooManyInterimResponses(let limit): "There are more than \(limit) interim responses."
        case .unexpectedUpgrade: "The protocol was switched without being asked."
        case .unexpectedBytes: "Bytes came where no response was expected."
        case .truncated: "The connection ended inside the response."
        case .unencodableLine: "The first line of the head cannot be sent."
        case .unencodableField(let name): "The header field \(name) cannot be sent."
        }
    }
}
