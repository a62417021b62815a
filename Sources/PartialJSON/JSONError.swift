/// Why bytes are not the JSON they should be. Offsets count bytes from the beginning of the text.
public enum JSONError: Error, Equatable, Sendable {
    /// A byte that the grammar does not allow here; control characters inside strings and bytes after the value too.
    case unexpectedByte(at: Int)
    /// The text ended before its value did.
    case truncated(at: Int)
    /// More objects and arrays inside one another than `JSONLimits.depth`.
    case tooDeep(limit: Int)
    /// A number of more bytes than `JSONLimits.numberBytes`.
    case numberTooLong(limit: Int)
    /// A growing text of more bytes than `JSONLimits.textBytes`.
    case tooLong(limit: Int)
    /// Bytes inside a string that are not UTF-8; the offset is that of the sequence's first byte.
    case invalidUTF8(at: Int)
    /// A backslash (at the offset) followed by something that is no escape.
    case invalidEscape(at: Int)
    /// A valid beginning of some other value where an object was needed.
    case notAnObject(at: Int)
}
