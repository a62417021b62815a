/// Why a `JSONArrayDecoder` gave up. It throws the same error from then on.
public enum JSONArrayError: Error, Equatable, Sendable {
    /// A byte that cannot stand there: between elements, as the first of one, or a bracket that closes none.
    case unexpected(UInt8)
    /// An element nests deeper than `JSONArrayLimits.depth`.
    case tooDeep(limit: Int)
    /// An element holds more bytes than `JSONArrayLimits.elementBytes`.
    case elementTooLong(limit: Int)
}

/// What a streamed array of a peer may hold. Past a limit the decoder throws and stays failed.
public struct JSONArrayLimits: Sendable {
    /// Bytes in one element.
    public var elementBytes = 4 << 20
    /// Nested objects and arrays in one element, itself included; at most 128.
    public var depth = 128
    /// The defaults: 4 MiB, 128 levels.
    public init() {}
}
