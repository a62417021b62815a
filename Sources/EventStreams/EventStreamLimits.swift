/// What an event stream of a peer may hold. Past a limit the decoder throws and stays failed.
public struct EventStreamLimits: Sendable {
    /// Bytes in one line, without its line end.
    public var lineBytes = 4 << 20
    /// Bytes in one event: all its `data` lines, joined.
    public var eventBytes = 4 << 20
    /// The defaults: 4 MiB each.
    public init() {}
}
