/// The first line of a request: `method SP target SP version`, one space each.
struct RequestLine: Sendable {
    /// Longest method and version with both spaces and the line's end; the rest of a first line is its target.
    static let overheadBytes = 24 + 8 + 4

    let method: String
    let target: String
    let version: HTTPVersion

    /// `line` is a line of `bytes` without its end, free of control bytes.
    init(_ line: Range<Int>, in bytes: Span<UInt8>, limits: HTTPLimits) throws(HTTPError) {
        var at = line.lowerBound
        while at < line.upperBound, bytes[at].isToken { at &+= 1 }
        let methodRange = line.lowerBound..<at
        guard !methodRange.isEmpty, methodRange.count <= 24, at < line.upperBound, bytes[at] == .space else {
            throw .badRequestLine
        }
        let targetStart = at &+ 1
        guard let targetEnd = bytes.firstIndex(of: .space, in: targetStart..<line.upperBound), targetEnd > targetStart
        else { throw .badRequestLine }
        version = try HTTPVersion(targetEnd &+ 1..<line.upperBound, in: bytes, otherwise: .badRequestLine)
        guard targetEnd &- targetStart <= limits.targetBytes else { throw .targetTooLong(limit: limits.targetBytes) }
        guard !bytes.equals(methodRange, "CONNECT") else { throw .unsupportedMethod }
        method = bytes.string(methodRange)
        guard let text = Self.target(targetStart..<targetEnd, in: bytes) else { throw .badTarget }
        target = text
    }

    /// Visible ASCII without a fragment; behind a `?` also UTF-8 as it is, which some command-line clients send.
    private static func target(_ range: Range<Int>, in bytes: Span<UInt8>) -> String? {
        var isQuery = false
        var isASCII = true
        for at in range {
            let byte = bytes[at]
            guard byte != .hash, byte.isVisible || (isQuery && byte >= 0x80) else { return nil }
            if byte == .question { isQuery = true }
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII { return bytes.string(range) }
        return bytes.withUnsafeBufferPointer {
            String(validating: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self)
        }
    }
}

extension HTTPVersion {
    /// Reads `HTTP/1.1` or `HTTP/1.0`; other digits throw `unsupportedVersion`, anything else `otherwise`.
    init(_ range: Range<Int>, in bytes: Span<UInt8>, otherwise: HTTPError) throws(HTTPError) {
        let start = range.lowerBound
        guard range.count == 8, bytes.equals(start..<start &+ 5, "HTTP/"), bytes[start &+ 5].isDigit,
            bytes[start &+ 6] == .dot, bytes[start &+ 7].isDigit
        else { throw otherwise }
        self.init(major: Int(bytes[start &+ 5] &- .zero), minor: Int(bytes[start &+ 7] &- .zero))
        guard self == .http11 || self == .http10 else { throw .unsupportedVersion }
    }
}
