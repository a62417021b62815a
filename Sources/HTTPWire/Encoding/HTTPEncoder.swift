/// Writes heads and chunks of HTTP/1.1. A head that cannot be sent throws and writes nothing.
public enum HTTPEncoder {
    /// Appends the head of a request.
    ///
    /// - Parameters:
    ///   - method: A token.
    ///   - target: Visible ASCII (`HTTPURL.target(appending:)`).
    ///   - fields: All fields, `Host` and the body's framing too.
    ///   - output: Where to append; untouched by a throw.
    /// - Throws: `unencodableLine`, `unencodableField`: what would begin another line is refused, not repaired.
    public static func encodeRequest(
        method: String, target: String, fields: HTTPFields, into output: inout [UInt8]
    ) throws(HTTPError) {
        guard !method.isEmpty, method.utf8.allSatisfy(\.isToken), !target.isEmpty, target.utf8.allSatisfy(\.isVisible)
        else { throw .unencodableLine }
        try check(fields)
        output.reserveCapacity(output.count + target.utf8.count + length(of: fields))
        output.append(contentsOf: method.utf8)
        output.append(.space)
        output.append(contentsOf: target.utf8)
        output.append(contentsOf: " HTTP/1.1\r\n".utf8)
        append(fields, to: &output)
    }

    /// Appends the head of a response, an interim one too. Answers to HTTP/1.0 say HTTP/1.1 as well: RFC 9110 §6.2.
    ///
    /// - Parameters:
    ///   - status: From 100 to 599.
    ///   - reason: nil for the usual one.
    ///   - fields: All fields; `HTTPResponseDelivery.apply(to:)` adds those of the framing.
    ///   - output: Where to append; untouched by a throw.
    /// - Throws: `unencodableLine`, `unencodableField`.
    public static func encodeResponse(
        status: Int, reason: String? = nil, fields: HTTPFields, into output: inout [UInt8]
    ) throws(HTTPError) {
        let reason = reason ?? HTTPStatus.reason(status)
        guard (100...599).contains(status), reason.utf8.allSatisfy(\.isLineText) else { throw .unencodableLine }
        try check(fields)
        output.reserveCapacity(output.count + length(of: fields))
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        appendDecimal(status, to: &output)
        output.append(.space)
        output.append(contentsOf: reason.utf8)
        appendLineEnd(to: &output)
        append(fields, to: &output)
    }

    /// Appends one chunk around a payload; nothing for an empty one, which would end the body.
    public static func encodeChunk(_ payload: Span<UInt8>, into output: inout [UInt8]) {
        guard beginChunk(count: payload.count, into: &output) else { return }
        payload.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        endChunk(into: &output)
    }

    /// Appends what stands before a chunk's bytes, which the caller then writes itself.
    ///
    /// - Parameters:
    ///   - count: How many they are.
    ///   - output: Where to append.
    /// - Returns: false, and nothing is appended, for none.
    @discardableResult
    public static func beginChunk(count: Int, into output: inout [UInt8]) -> Bool {
        guard count > 0 else { return false }
        var shift = (Int.bitWidth &- 1 &- count.leadingZeroBitCount) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: count &>> shift) & 0xF
            output.append(digit < 10 ? .zero &+ digit : UInt8(ascii: "a") &+ digit &- 10)
            shift &-= 4
        }
        appendLineEnd(to: &output)
        return true
    }

    /// Appends what stands behind a chunk's bytes.
    public static func endChunk(into output: inout [UInt8]) { appendLineEnd(to: &output) }

    /// Appends the end of a chunked body.
    public static func encodeLastChunk(into output: inout [UInt8]) {
        output.append(.zero)
        appendLineEnd(to: &output)
        appendLineEnd(to: &output)
    }

    private static func check(_ fields: HTTPFields) throws(HTTPError) {
        let bytes = fields.bytes.span
        for field in fields.fields {
            var isSound = !field.name.isEmpty
            for at in field.name where !bytes[at].isToken { isSound = false }
            let (start, end) = (field.value.lowerBound, field.value.upperBound)
            if bytes.lineTextEnd(from: start, to: end) != end { isSound = false }
            guard isSound else { throw .unencodableField(name: bytes.string(field.name)) }
        }
    }

    /// Bytes of a head, a long first line's excepted.
    private static func length(of fields: HTTPFields) -> Int { 64 + fields.bytes.count + 4 * fields.count }

    private static func append(_ fields: HTTPFields, to output: inout [UInt8]) {
        for field in fields.fields {
            output.append(contentsOf: fields.bytes[field.name])
            output.append(.colon)
            output.append(.space)
            output.append(contentsOf: fields.bytes[field.value])
            appendLineEnd(to: &output)
        }
        appendLineEnd(to: &output)
    }

    private static func appendDecimal(_ status: Int, to output: inout [UInt8]) {
        for digit in [status / 100, status / 10 % 10, status % 10] { output.append(.zero &+ UInt8(digit)) }
    }

    private static func appendLineEnd(to output: inout [UInt8]) {
        output.append(.carriageReturn)
        output.append(.lineFeed)
    }
}
