/// What a reader of JSON accepts from a peer.
public struct JSONLimits: Equatable, Sendable {
    /// Objects and arrays inside one another; past it the reader throws `tooDeep`. Never above 128, whatever is set
    /// here: nesting is kept as the bits of one integer.
    public var depth = 128
    /// Bytes of one number; past it the reader throws `numberTooLong`.
    public var numberBytes = 256
    /// Bytes that a `GrowingJSON` keeps; past it that freezes and its `finish` throws `tooLong`. Readers of a whole
    /// text keep nothing and do not look at it.
    public var textBytes = 16 << 20

    /// The limits named above.
    public init() {}

    var effectiveDepth: Int { max(0, min(depth, Nesting.capacity)) }
}
