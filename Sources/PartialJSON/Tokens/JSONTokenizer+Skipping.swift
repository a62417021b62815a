extension JSONTokenizer {
    /// Reads the next whole value, where one comes next: at the beginning, after a key, inside an array.
    ///
    /// - Returns: Its bytes, without the whitespace around them. Where a key, a closing bracket or the end comes next
    ///   `unexpectedByte` is thrown and nothing is consumed.
    public mutating func skipValue(in text: Span<UInt8>) throws(JSONError) -> Range<Int> {
        var ahead = self
        let first = try ahead.next(in: text)
        let value = try ahead.rest(ofValueBegunBy: first, outside: depth, in: text)
        guard let value else { throw .unexpectedByte(at: JSONScan.whitespaceEnd(in: text, from: position)) }
        self = ahead
        return value
    }

    /// Reads the next whole element of the array that is open.
    ///
    /// - Returns: Its bytes as by `skipValue`; nil when the array ended instead, and its bracket is consumed then.
    public mutating func nextElement(in text: Span<UInt8>) throws(JSONError) -> Range<Int>? {
        var ahead = self
        let first = try ahead.next(in: text)
        let value = try ahead.rest(ofValueBegunBy: first, outside: depth, in: text)
        guard value != nil || first == .arrayEnd else {
            throw .unexpectedByte(at: JSONScan.whitespaceEnd(in: text, from: position))
        }
        self = ahead
        return value
    }

    /// - Returns: The whole value's bytes; nil when `first` begins none.
    private mutating func rest(
        ofValueBegunBy first: JSONToken, outside outer: Int, in text: Span<UInt8>
    ) throws(JSONError) -> Range<Int>? {
        guard let start = first.valueStart(endingAt: position) else { return nil }
        try leaveContainers(above: outer, in: text)
        return start..<position
    }

    /// Reads on behind the end of the innermost open object or array; does nothing when none is open.
    public mutating func skipRest(in text: Span<UInt8>) throws(JSONError) {
        var ahead = self
        try ahead.leaveContainers(above: depth - 1, in: text)
        self = ahead
    }

    private mutating func leaveContainers(above outer: Int, in text: Span<UInt8>) throws(JSONError) {
        while depth > outer, depth > 0 { _ = try next(in: text) }
    }
}

extension JSONToken {
    /// Where the token began, if it begins a value.
    fileprivate func valueStart(endingAt end: Int) -> Int? {
        switch self {
        case .objectStart, .arrayStart: end - 1
        case .string(let content): content.range.lowerBound - 1
        case .number(let range): range.lowerBound
        case .bool(true), .null: end - 4
        case .bool(false): end - 5
        case .objectEnd, .arrayEnd, .key, .end: nil
        }
    }
}
