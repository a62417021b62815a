/// Finds the bytes of a chunked body.
///
///     1A;name=value CRLF        size in hexadecimal digits, extensions (ignored)
///     <26 bytes> CRLF
///     0 CRLF                    the last chunk
///     name: value CRLF          trailers (checked and ignored), maybe none
///     CRLF
struct ChunkedBody: Sendable {
    private enum State: Sendable {
        case size(digits: Int)
        case extensions
        case sizeLineFeed
        case content
        case contentReturn
        case contentLineFeed
        case trailers(count: Int)
    }

    private var state = State.size(digits: 0)
    /// The size read so far; then how many bytes of the chunk are still to come.
    private var missing = UInt64(0)
    private var lineBytes = 0
    private var trailers = LineBuffer()

    mutating func next(
        _ input: Span<UInt8>, from position: inout Int, limits: HTTPLimits
    ) throws(HTTPError) -> BodyReader.Step? {
        while true {
            if case .trailers = state { return try nextTrailer(input, from: &position, limits: limits) }
            guard position < input.count else { return nil }
            if case .content = state { return content(available: input.count &- position, from: &position) }
            let byte = input[position]
            position &+= 1
            try framing(byte, limits: limits)
        }
    }

    private mutating func content(available: Int, from position: inout Int) -> BodyReader.Step {
        let count = missing < UInt64(available) ? Int(missing) : available
        missing &-= UInt64(count)
        if missing == 0 { state = .contentReturn }
        position &+= count
        return .bytes(position &- count..<position)
    }

    /// Takes one byte around the content.
    private mutating func framing(_ byte: UInt8, limits: HTTPLimits) throws(HTTPError) {
        switch state {
        case .size, .extensions, .sizeLineFeed:
            lineBytes &+= 1
            guard lineBytes <= limits.chunkLineBytes else { throw .chunkLineTooLong(limit: limits.chunkLineBytes) }
            try sizeLine(byte)
        case .contentReturn:
            guard byte == .carriageReturn else { throw .badChunkEnd }
            state = .contentLineFeed
        case .contentLineFeed:
            guard byte == .lineFeed else { throw .badChunkEnd }
            (state, lineBytes) = (.size(digits: 0), 0)
        case .content, .trailers:
            preconditionFailure("content and trailers are not read byte by byte")
        }
    }

    private mutating func sizeLine(_ byte: UInt8) throws(HTTPError) {
        switch (state, byte) {
        case (.size(let digits), .carriageReturn) where digits > 0: state = .sizeLineFeed
        case (.size(let digits), .semicolon) where digits > 0: state = .extensions
        case (.size(let digits), _):
            // 16 digits, leading zeros among them, hold any size; the highest bit stays free.
            guard let digit = byte.hexValue, digits < 16, missing >> 59 == 0 else { throw .badChunkSize }
            missing = missing &<< 4 | UInt64(digit)
            state = .size(digits: digits &+ 1)
        case (.extensions, .carriageReturn): state = .sizeLineFeed
        case (.extensions, _): guard byte.isVisible || byte.isBlank else { throw .badChunkSize }
        case (.sizeLineFeed, .lineFeed): state = missing > 0 ? .content : .trailers(count: 0)
        default: throw .badChunkSize
        }
    }

    private mutating func nextTrailer(
        _ input: Span<UInt8>, from position: inout Int, limits: HTTPLimits
    ) throws(HTTPError) -> BodyReader.Step? {
        while case .trailers(let count) = state {
            guard
                let line = try trailers.nextLine(
                    input, from: &position, limit: limits.trailerBytes,
                    excess: .trailersTooLarge(limit: limits.trailerBytes))
            else { return nil }
            if line.isEmpty { return .end }
            guard count < limits.fieldCount else { throw .tooManyFields(limit: limits.fieldCount) }
            try Self.check(try FieldLine(line, in: trailers.bytes.span), in: trailers.bytes.span)
            state = .trailers(count: count &+ 1)
        }
        return nil
    }

    /// Nothing is done with trailers, but whoever reads behind us may merge them with the head (RFC 9110 §6.5.1).
    private static func check(_ field: FieldLine, in bytes: Span<UInt8>) throws(HTTPError) {
        for name in headOnly where bytes.matches(field.name, lowercase: name) { throw .forbiddenTrailer }
    }

    private static let headOnly = [
        "content-length", "transfer-encoding", "trailer", "te", "host", "connection", "upgrade", "expect",
        "content-type", "content-encoding", "content-range", "authorization", "cookie",
    ]
}
