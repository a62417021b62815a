/// Reads the requests of one connection: a server's side, HTTP/1.1 and HTTP/1.0, strict.
///
/// The caller owns the input and hands the same bytes again, with `position` where the decoder stopped, until it
/// returns nil: then all bytes are taken. Parts of heads and of chunk lines are kept inside. After a throw the
/// decoder throws the same again: the connection is to be answered with the error's status and closed.
///
/// - Complexity: O(bytes), however they are cut. Per request a few allocations; none per part of a body.
/// - SeeAlso: RFC 9112. One empty line before a request is skipped (§2.2); nothing else is forgiven.
public struct HTTPRequestDecoder: Sendable {
    private enum State: Sendable {
        case firstLine
        case fields
        case body
        case failed(HTTPError)
    }

    private let limits: HTTPLimits
    private var state = State.firstLine
    private var lines = LineBuffer()
    private var firstLine: RequestLine?
    private var fields: [HTTPFields.Field] = []
    private var framing = FramingFields()
    private var body = BodyReader.none
    private var hasSkippedLine = false

    /// Begins a connection.
    public init(limits: HTTPLimits = .init()) { self.limits = limits }

    /// Whether the decoder stands between requests and has received nothing of the next one.
    public var isIdle: Bool { if case .firstLine = state { lines.isEmpty } else { false } }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - input: Bytes of the connection.
    ///   - position: Where to read on in them; moved behind what was read.
    /// - Returns: What came next; nil when all input is taken and more is needed.
    /// - Throws: Why the connection must be given up; from then on always the same.
    public mutating func next(
        _ input: Span<UInt8>, from position: inout Int
    ) throws(HTTPError) -> HTTPRequestPart? {
        do {
            return try part(input, from: &position)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func part(_ input: Span<UInt8>, from position: inout Int) throws(HTTPError) -> HTTPRequestPart? {
        while true {
            switch state {
            case .firstLine:
                guard let line = try line(input, from: &position) else { return nil }
                try receiveFirstLine(line)
            case .fields:
                guard let line = try line(input, from: &position) else { return nil }
                guard line.isEmpty else {
                    try receiveField(line)
                    continue
                }
                let head = try finishHead()
                state = .body
                return .head(head)
            case .body:
                switch try body.next(input, from: &position, limits: limits) {
                case nil: return nil
                case .bytes(let range): return .body(range)
                case .end:
                    state = .firstLine
                    return .end
                }
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func line(_ input: Span<UInt8>, from position: inout Int) throws(HTTPError) -> Range<Int>? {
        guard position < input.count else { return nil }
        let (first, overflow) = limits.targetBytes.addingReportingOverflow(RequestLine.overheadBytes)
        if case .firstLine = state, !overflow, first < limits.headBytes {
            return try lines.nextLine(
                input, from: &position, limit: first, excess: .targetTooLong(limit: limits.targetBytes))
        }
        return try lines.nextLine(
            input, from: &position, limit: limits.headBytes, excess: .headTooLarge(limit: limits.headBytes))
    }

    private mutating func receiveFirstLine(_ line: Range<Int>) throws(HTTPError) {
        if line.isEmpty, !hasSkippedLine {
            hasSkippedLine = true
            _ = lines.removeAll()
        } else {
            firstLine = try RequestLine(line, in: lines.bytes.span, limits: limits)
            state = .fields
        }
    }

    private mutating func receiveField(_ line: Range<Int>) throws(HTTPError) {
        let bytes = lines.bytes
        let field = try FieldLine(line, in: bytes.span)
        guard fields.count < limits.fieldCount else { throw .tooManyFields(limit: limits.fieldCount) }
        try framing.noteRequest(field, in: bytes.span)
        if fields.isEmpty { fields.reserveCapacity(16) }
        fields.append(HTTPFields.Field(name: field.name, value: field.value))
    }

    private mutating func finishHead() throws(HTTPError) -> HTTPRequestHead {
        guard let line = firstLine else { preconditionFailure("fields follow a first line") }
        let target = try RequestTarget(line.target, method: line.method)
        let host = try host(version: line.version)
        guard target.agrees(with: host) else { throw .foreignAuthority }
        // RFC 9112 §6.1: a coding in HTTP/1.0 is faulty framing.
        guard !framing.isChunked || line.version >= .http11 else { throw .badTransferEncoding }
        let bodyFraming = framing.length.map(HTTPBodyFraming.length) ?? (framing.isChunked ? .chunked : .none)
        let head = HTTPRequestHead(
            method: line.method, target: line.target, path: target.path, query: target.query, version: line.version,
            fields: HTTPFields(bytes: lines.removeAll(), fields: fields), host: host,
            keepAlive: framing.keepsConnection(line.version),
            expectsContinue: framing.expectsContinue && bodyFraming != .none && line.version >= .http11,
            body: bodyFraming)
        switch bodyFraming {
        case .none: body = .none
        case .length(let count): body = .length(count)
        case .chunked: body = .chunked
        }
        (firstLine, fields, framing, hasSkippedLine) = (nil, [], FramingFields(), false)
        return head
    }

    private func host(version: HTTPVersion) throws(HTTPError) -> HTTPHost? {
        guard let field = framing.hostField else {
            guard version < .http11 else { throw .missingHost }
            return nil
        }
        let bytes = lines.bytes
        guard let host = HTTPHost(field, in: bytes.span) else { throw .badHost }
        return host
    }
}
