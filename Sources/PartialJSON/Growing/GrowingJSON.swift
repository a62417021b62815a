/// A JSON value that can be looked at while its bytes arrive, such as the input of a tool call.
///
/// What is shown only ever grows into the final value: strings grow by whole characters; numbers and literals come
/// whole, once the byte behind them has come; a name comes together with its value. Bytes that are no JSON never end
/// anything: the value stays as it was before them, `failure` says why, and `raw` goes on taking every byte.
///
/// - Complexity: `receive` is O(bytes) over all calls together, however they are cut.
public struct GrowingJSON: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case value, firstElement, firstKey, key, colon, separator
        case nameString, valueString, scalar
    }

    /// Every byte received, up to `JSONLimits.textBytes`.
    public private(set) var raw: [UInt8] = []
    /// Why the value is frozen; nil as long as the bytes are a beginning of JSON.
    public private(set) var failure: JSONError?
    private var state = State.value
    var open: [OpenContainer] = []
    private var string = GrowingString()
    private var scalar: GrowingScalar
    private(set) var root: JSONValue?
    private var hasChanged = false
    private let limits: JSONLimits

    /// A value of which nothing has come yet.
    public init(limits: JSONLimits = .init()) {
        self.limits = limits
        scalar = GrowingScalar(numberLimit: limits.numberBytes)
    }

    /// Takes more bytes of the text, cut anywhere.
    ///
    /// - Returns: Whether `value`, or what of it is complete, has changed: a caller need not look in vain.
    @discardableResult
    public mutating func receive(_ chunk: Span<UInt8>) -> Bool {
        let base = raw.count
        let kept = chunk.extracting(first: min(chunk.count, max(0, limits.textBytes - base)))
        raw.append(copying: kept)
        guard failure == nil else { return false }
        hasChanged = false
        do throws(JSONError) {
            var at = 0
            while at < kept.count { at = try read(kept, from: at, base: base) }
            if kept.count < chunk.count { throw .tooLong(limit: limits.textBytes) }
        } catch {
            failure = error
        }
        return hasChanged
    }

    /// Takes the end of the text.
    ///
    /// - Returns: The value by a strict parse of everything received; `value` is the same from now on.
    /// - Throws: What is wrong with the text; `value` and `raw` stay as they were.
    public mutating func finish() throws(JSONError) -> JSONValue {
        do throws(JSONError) {
            if case .tooLong? = failure { throw .tooLong(limit: limits.textBytes) }
            let whole = try JSONValue(parsing: raw.span, limits: limits)
            (root, open, state) = (whole, [], .separator)
            return whole
        } catch {
            failure = error
            throw error
        }
    }

    /// The value as far as it has come; nil as long as nothing of one is certain.
    ///
    /// - Complexity: O(members and elements of the containers still open, not of those inside them that are whole).
    public var value: JSONValue? {
        var inner = openString.map(JSONValue.string)
        for container in open.reversed() { inner = container.value(adding: inner) }
        return inner ?? root
    }

    /// The string value being received; nil when something else is.
    var openString: String? { state == .valueString ? string.text : nil }

    /// - Returns: The offset in the chunk behind what was read; the same one when only the state changed.
    private mutating func read(_ chunk: Span<UInt8>, from at: Int, base: Int) throws(JSONError) -> Int {
        switch state {
        case .nameString, .valueString:
            let (shown, length) = (state == .valueString, string.text.utf8.count)
            defer { if shown, string.text.utf8.count > length { hasChanged = true } }
            let (end, isWhole) = try string.read(chunk, from: at, base: base)
            if isWhole { endString() }
            return end
        case .scalar:
            if try scalar.accept(chunk[at], at: base + at) { return at + 1 }
            if let value = scalar.value { add(value) }
            return at
        case .value, .firstElement, .firstKey, .key, .colon, .separator:
            if !chunk[at].isJSONWhitespace { try accept(structure: chunk[at], at: base + at) }
            return state == .scalar ? at : at + 1
        }
    }

    private mutating func endString() {
        if state == .valueString { return add(.string(string.text)) }
        open[open.count - 1].name = string.text
        state = .colon
    }

    private mutating func add(_ value: JSONValue) {
        if open.isEmpty { root = value } else { open[open.count - 1].add(value) }
        (state, hasChanged) = (.separator, true)
    }

    private mutating func accept(structure byte: UInt8, at offset: Int) throws(JSONError) {
        switch (state, byte) {
        case (.firstKey, .closeBrace), (.firstElement, .closeBracket): close()
        case (.firstKey, .quote), (.key, .quote): begin(string: .nameString)
        case (.colon, .colon): state = .value
        case (.separator, .comma) where !open.isEmpty: state = open[open.count - 1].isObject ? .key : .value
        case (.separator, .closeBrace) where open.last?.isObject == true: close()
        case (.separator, .closeBracket) where open.last?.isObject == false: close()
        case (.value, _), (.firstElement, _): try begin(valueWith: byte, at: offset)
        default: throw .unexpectedByte(at: offset)
        }
    }

    private mutating func close() {
        add(open.removeLast().value)
    }

    private mutating func begin(valueWith byte: UInt8, at offset: Int) throws(JSONError) {
        switch byte {
        case .quote: begin(string: .valueString)
        case .openBrace, .openBracket:
            guard open.count < limits.effectiveDepth else { throw .tooDeep(limit: limits.effectiveDepth) }
            open.append(OpenContainer(isObject: byte == .openBrace))
            (state, hasChanged) = (byte == .openBrace ? .firstKey : .firstElement, true)
        case .minus, 0x30...0x39, UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            scalar = GrowingScalar(numberLimit: limits.numberBytes)
            state = .scalar
        default: throw .unexpectedByte(at: offset)
        }
    }

    private mutating func begin(string next: State) {
        string = GrowingString()
        state = next
        if next == .valueString { hasChanged = true }
    }
}
