/// Reads the responses of one connection: a client's side.
///
/// The caller owns the input as with `HTTPRequestDecoder`, and names the method of each request before its response:
/// a response that nobody expects throws, so that bytes left by one exchange never become the next one's answer.
/// After a throw the decoder throws the same again and the connection is of no more use.
///
/// - Complexity: O(bytes), however they are cut. Per response a few allocations; none per part of a body.
/// - SeeAlso: RFC 9112 §4, §6.3. A length beside `chunked`, two lengths and other codings are refused here too.
public struct HTTPResponseDecoder: Sendable {
    private enum State: Sendable {
        case idle
        case firstLine
        case fields
        case body
        case failed(HTTPError)
    }

    private let limits: HTTPLimits
    private var state = State.idle
    private var isHeadOnly = false
    private var interimCount = 0
    private var lines = LineBuffer()
    private var firstLine: StatusLine?
    private var fields: [HTTPFields.Field] = []
    private var framing = FramingFields()
    private var body = BodyReader.none

    /// Begins a connection.
    public init(limits: HTTPLimits = .init()) { self.limits = limits }

    /// Whether no response is expected.
    public var isIdle: Bool { if case .idle = state { true } else { false } }

    /// Announces the response to a request that was sent. The one before must have ended.
    public mutating func expect(method: String) {
        if case .failed = state { return }
        precondition(isIdle, "the response before has not ended")
        (state, isHeadOnly, interimCount) = (.firstLine, method == "HEAD", 0)
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - input: Bytes of the connection.
    ///   - position: Where to read on in them; moved behind what was read.
    /// - Returns: What came next; nil when all input is taken and more is needed.
    /// - Throws: Why the connection must be given up; from then on always the same.
    public mutating func next(
        _ input: Span<UInt8>, from position: inout Int
    ) throws(HTTPError) -> HTTPResponsePart? {
        do {
            return try part(input, from: &position)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Says that the connection has ended, all input before it being taken.
    ///
    /// - Returns: `end` when the body was to end with the connection; nil when no response was expected.
    /// - Throws: `truncated` inside a response.
    public mutating func finish() throws(HTTPError) -> HTTPResponsePart? {
        switch state {
        case .idle:
            return nil
        case .body where body.endsWithConnection:
            state = .idle
            return .end
        case .firstLine, .fields, .body:
            state = .failed(.truncated)
            throw .truncated
        case .failed(let error):
            throw error
        }
    }

    private mutating func part(
        _ input: Span<UInt8>, from position: inout Int
    ) throws(HTTPError) -> HTTPResponsePart? {
        while true {
            switch state {
            case .idle:
                guard position == input.count else { throw .unexpectedBytes }
                return nil
            case .firstLine:
                guard let line = try line(input, from: &position) else { return nil }
                firstLine = try StatusLine(line, in: lines.bytes.span)
                state = .fields
            case .fields:
                guard let line = try line(input, from: &position) else { return nil }
                guard line.isEmpty else {
                    try receiveField(line)
                    continue
                }
                return .head(try finishHead())
            case .body:
                switch try body.next(input, from: &position, limits: limits) {
                case nil: return nil
                case .bytes(let range): return .body(range)
                case .end:
                    state = .idle
                    return .end
                }
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func line(_ input: Span<UInt8>, from position: inout Int) throws(HTTPError) -> Range<Int>? {
        guard position < input.count else { return nil }
        return try lines.nextLine(
            input, from: &position, limit: limits.headBytes, excess: .headTooLarge(limit: limits.headBytes))
    }

    private mutating func receiveField(_ line: Range<Int>) throws(HTTPError) {
        let bytes = lines.bytes
        let field = try FieldLine(line, in: bytes.span)
        guard fields.count < limits.fieldCount else { throw .tooManyFields(limit: limits.fieldCount) }
        try framing.noteResponse(field, in: bytes.span)
        if fields.isEmpty { fields.reserveCapacity(16) }
        fields.append(HTTPFields.Field(name: field.name, value: field.value))
    }

    private mutating func finishHead() throws(HTTPError) -> HTTPResponseHead {
        guard let line = firstLine else { preconditionFailure("fields follow a first line") }
        guard line.status != 101 else { throw .unexpectedUpgrade }
        let end = bodyFraming(status: line.status)
        var head = HTTPResponseHead(
            status: line.status, reason: line.reason, version: line.version,
            fields: HTTPFields(bytes: lines.removeAll(), fields: fields), framing: end,
            keepAlive: framing.keepsConnection(line.version) && end != .untilClose)
        // RFC 9112 §6.1: a coding in HTTP/1.0 is faulty, and so is a body where there can be none (§6.3).
        if framing.isChunked, line.version < .http11 || end == .none && !isHeadOnly { head.keepAlive = false }
        if line.status == 204, framing.length ?? 0 > 0 { head.keepAlive = false }
        (firstLine, fields, framing) = (nil, [], FramingFields())
        if head.isInterim { try awaitFinal() } else { beginBody(end) }
        return head
    }

    private func bodyFraming(status: Int) -> HTTPResponseFraming {
        if isHeadOnly || status < 200 || status == 204 || status == 304 { return .none }
        if framing.isChunked { return .chunked }
        return framing.length.map(HTTPResponseFraming.length) ?? .untilClose
    }

    private mutating func awaitFinal() throws(HTTPError) {
        interimCount &+= 1
        guard interimCount <= limits.interimCount else {
            throw .tooManyInterimResponses(limit: limits.interimCount)
        }
        state = .firstLine
    }

    private mutating func beginBody(_ framing: HTTPResponseFraming) {
        switch framing {
        case .none: body = .none
        case .length(let count): body = .length(count)
        case .chunked: body = .chunked
        case .untilClose: body = .untilClose
        }
        state = .body
    }
}
