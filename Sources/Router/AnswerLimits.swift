import FreshetEventStreams

/// What one answer of a provider may hold.
public struct AnswerLimits: Sendable {
    /// Bytes of one line of its stream; past it the attempt fails as `provider_malformed`.
    public var lineBytes = EventStreamLimits().lineBytes
    /// Bytes of one event, all its lines together; past it the attempt fails as `provider_malformed`.
    public var eventBytes = EventStreamLimits().eventBytes
    /// Bytes of a document, or that the generation's log may hold; past it the provider is cancelled, and what was shown
    /// stays: `log_full`.
    public var bytes = 16 << 20
    /// Events held back before the first content; past it they are shown, and the attempt can no longer fail unseen.
    public var heldEvents = 64
    /// Bytes those may have.
    public var heldBytes = 256 << 10

    /// The defaults.
    public init() {}

    var ofStream: EventStreamLimits {
        var limits = EventStreamLimits()
        (limits.lineBytes, limits.eventBytes) = (lineBytes, eventBytes)
        return limits
    }

    /// An element may be a whole document.
    var ofElements: JSONArrayLimits {
        var limits = JSONArrayLimits()
        limits.elementBytes = bytes
        return limits
    }
}
