import FreshetHTTPWire

/// Where we differ from `http_parser` on purpose, and why.
///
/// Debian builds it without HTTP_PARSER_STRICT. A strict build would refuse more at ends of chunks, spaces in names and
/// bytes of targets; all that but UTF-8 behind a `?` (which some command-line clients send) we refuse as well.
enum Strictness {
    /// Why we refuse more; nil for an error that is not among the reasons there may be.
    static func reason(_ error: HTTPError) -> String? {
        switch error {
        case .bareCarriageReturn, .bareLineFeed:
            "a line ends with CR LF; neither alone is an end, or passed over"
        case .controlByte: "control bytes are refused everywhere in a head"
        case .badFieldName: "a name is a token and the colon stands behind it"
        case .foldedField: "folded fields are refused"
        case .badTransferEncoding: "the coding is `chunked` alone, in a request in small letters and never in HTTP/1.0"
        case .repeatedTransferEncoding: "two fields of codings are refused, be they equal"
        case .badContentLength: "a length is digits alone, below 2^63"
        case .repeatedContentLength: "two lengths are refused, be they equal"
        case .lengthAndTransferEncoding: "a length beside a coding is refused in any order"
        case .badRequestLine: "one space stands between method, target and version; one empty line before them"
        case .badTarget: "a target is in a form its method allows, of visible ASCII without a fragment"
        case .unsupportedMethod: "CONNECT has no answer"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0"
        case .missingHost, .repeatedHost, .badHost: "HTTP/1.1 has one Host, a host with an optional port"
        case .foreignAuthority: "the absolute form names the same authority as Host"
        case .unsupportedExpectation: "an expectation is 100-continue"
        case .badChunkSize: "a chunk's size is at most 16 digits and nothing else before `;` or CR LF"
        case .badChunkEnd: "a chunk ends with CR LF where its size says"
        case .forbiddenTrailer: "a trailer says nothing that belongs in a head"
        case .badStatusLine: "a status is from 100 to 599 behind one space"
        case .unexpectedUpgrade: "a switch of protocols that nobody asked for is refused"
        case .unexpectedBytes: "bytes behind the last expected response are refused"
        case .truncated: "an end inside a head is a fault"
        case .tooManyInterimResponses, .headTooLarge, .tooManyFields, .targetTooLong, .chunkLineTooLong,
            .trailersTooLarge, .unencodableLine, .unencodableField:
            nil
        }
    }

    /// Why we may think otherwise of whether the connection goes on; nil when that is not all the difference.
    static func ofEnd(_ ours: SeenMessage, _ theirs: SeenMessage) -> String? {
        guard ours.isWhole, theirs.isWhole, ours.keepsConnection != theirs.keepsConnection else { return nil }
        var same = ours.normalised
        same.keepsConnection.toggle()
        guard same == theirs.normalised else { return nil }
        if ours.keepsConnection {
            return theirs.has("connection", where: { $0.contains("\t") || $0.hasPrefix(",") })
                ? "in the list of Connection, tabs and empty elements are passed over" : nil
        }
        if ours.has("connection", where: { $0.contains("close") }) { return "close wins over keep-alive" }
        if [204, 304].contains(ours.status), ours.has("content-length") || ours.has("transfer-encoding") {
            return "a body where there can be none ends the connection"
        }
        if ours.version == 10, ours.has("transfer-encoding") { return "a coding in HTTP/1.0 ends the connection" }
        return nil
    }

    /// Why we may accept what it refuses.
    static func leniency(_ message: SeenMessage, _ refusal: String) -> String? {
        if refusal == "HPE_INVALID_METHOD" { return "any word is a method; which ones a path takes is said by 405" }
        let framing = ["HPE_INVALID_TRANSFER_ENCODING", "HPE_UNEXPECTED_CONTENT_LENGTH"]
        return framing.contains(refusal) ? ofNames(message) : nil
    }

    /// Why we may find another end of the message's body.
    static func ofNames(_ message: SeenMessage) -> String? {
        let isLonger = message.fields.contains {
            $0.lowercaseName.hasPrefix("transfer-encoding") && $0.name.count > 17
        }
        return isLonger ? "a longer name is not Transfer-Encoding, though it begins so" : nil
    }
}
