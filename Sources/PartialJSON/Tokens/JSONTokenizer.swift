/// Takes one whole JSON text apart, token by token.
///
/// The text stays with the caller, who hands the same bytes to every call. Strict RFC 8259, UTF-8 inside strings
/// included; a duplicate name and an escaped lone surrogate are allowed, as they are there. Nothing is allocated and
/// nothing recurses. A throw leaves the tokenizer where it was: asking again throws again.
///
/// - Complexity: O(bytes) over all calls together.
public struct JSONTokenizer: Sendable {
    private enum Expected: Sendable { case value, firstElement, firstKey, key, separator }

    /// The offset behind the last token (behind its colon, for a key).
    public private(set) var position = 0
    private var expected = Expected.value
    private var nesting = Nesting()
    private let depthLimit: Int
    private let numberLimit: Int

    /// A tokenizer at the beginning of a text.
    public init(limits: JSONLimits = .init()) {
        depthLimit = limits.effectiveDepth
        numberLimit = limits.numberBytes
    }

    /// How many objects and arrays are open.
    public var depth: Int { nesting.depth }

    /// The next token; after the last one `end`, however often it is asked for.
    public mutating func next(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        var at = JSONScan.whitespaceEnd(in: text, from: position)
        var needed = expected
        if needed == .separator {
            guard nesting.depth > 0 else { return try end(in: text, at: at) }
            guard at < text.count else { throw .truncated(at: at) }
            guard text[at] == .comma else { return try close(text[at], at: at) }
            needed = nesting.isInObject ? .key : .value
            at = JSONScan.whitespaceEnd(in: text, from: at &+ 1)
        }
        guard at < text.count else { throw .truncated(at: at) }
        switch needed {
        case .value: return try value(in: text, at: at)
        case .key: return try key(in: text, at: at)
        case .firstElement where text[at] == .closeBracket, .firstKey where text[at] == .closeBrace:
            return try close(text[at], at: at)
        case .firstElement: return try value(in: text, at: at)
        case .firstKey: return try key(in: text, at: at)
        case .separator: throw .unexpectedByte(at: at)
        }
    }

    private mutating func end(in text: Span<UInt8>, at: Int) throws(JSONError) -> JSONToken {
        guard at == text.count else { throw .unexpectedByte(at: at) }
        position = at
        return .end
    }

    @inline(__always)
    private mutating func close(_ byte: UInt8, at: Int) throws(JSONError) -> JSONToken {
        let isObject = nesting.isInObject
        guard byte == (isObject ? .closeBrace : .closeBracket) else { throw .unexpectedByte(at: at) }
        nesting.close()
        (position, expected) = (at &+ 1, .separator)
        return isObject ? .objectEnd : .arrayEnd
    }

    @inline(__always)
    private mutating func key(in text: Span<UInt8>, at: Int) throws(JSONError) -> JSONToken {
        guard text[at] == .quote else { throw .unexpectedByte(at: at) }
        let name = try JSONScan.string(in: text, from: at &+ 1)
        let colon = JSONScan.whitespaceEnd(in: text, from: name.range.upperBound &+ 1)
        guard colon < text.count else { throw .truncated(at: colon) }
        guard text[colon] == .colon else { throw .unexpectedByte(at: colon) }
        (position, expected) = (colon &+ 1, .value)
        return .key(name)
    }

    @inline(__always)
    private mutating func value(in text: Span<UInt8>, at: Int) throws(JSONError) -> JSONToken {
        switch text[at] {
        case .quote:
            let content = try JSONScan.string(in: text, from: at &+ 1)
            return scalar(.string(content), end: content.range.upperBound &+ 1)
        case .openBrace: return try open(object: true, at: at)
        case .openBracket: return try open(object: false, at: at)
        case .minus, 0x30...0x39:
            let end = try JSONScan.numberEnd(in: text, from: at, limit: numberLimit)
            return scalar(.number(at..<end), end: end)
        case UInt8(ascii: "t"):
            return scalar(.bool(true), end: try JSONScan.literalEnd("true", in: text, from: at))
        case UInt8(ascii: "f"):
            return scalar(.bool(false), end: try JSONScan.literalEnd("false", in: text, from: at))
        case UInt8(ascii: "n"):
            return scalar(.null, end: try JSONScan.literalEnd("null", in: text, from: at))
        default: throw .unexpectedByte(at: at)
        }
    }

    @inline(__always)
    private mutating func scalar(_ token: JSONToken, end: Int) -> JSONToken {
        (position, expected) = (end, .separator)
        return token
    }

    @inline(__always)
    private mutating func open(object: Bool, at: Int) throws(JSONError) -> JSONToken {
        guard nesting.depth < depthLimit else { throw .tooDeep(limit: depthLimit) }
        nesting.open(object: object)
        (position, expected) = (at &+ 1, object ? .firstKey : .firstElement)
        return object ? .objectStart : .arrayStart
    }
}
