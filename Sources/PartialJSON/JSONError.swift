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

extension JSONError: CustomStringConvertible {
    /// For people, to be read behind a colon.
    public var description: String {
        switch self {
        case .unexpectedByte(let offset): "byte \(offset) has no place there"
        case .truncated(let offset): "it breaks off at byte \(offset)"
        case .tooDeep(let limit): "it is nested deeper than \(limit) objects and arrays"
        case .numberTooLong(let limit): "a number has more than \(limit) bytes"
        case .tooLong(let limit): "it has more than \(limit) bytes"
        case .invalidUTF8(let offset): "byte \(offset) is not UTF-8"
        case .invalidEscape(let offset): "the backslash at byte \(offset) begins no escape"
        case .notAnObject(let offset): "at byte \(offset) stands another value than an object"
        }
    }
}
