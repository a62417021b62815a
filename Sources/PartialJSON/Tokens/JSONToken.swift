/// One token of a JSON text; ranges are byte offsets into that text.
public enum JSONToken: Equatable, Sendable {
    case objectStart, objectEnd
    case arrayStart, arrayEnd
    /// A member's name; its colon has been read too.
    case key(JSONStringToken)
    case string(JSONStringToken)
    case number(Range<Int>)
    case bool(Bool)
    case null
    /// The value is whole and only whitespace followed it.
    case end
}
