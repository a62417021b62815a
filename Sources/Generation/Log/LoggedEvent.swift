/// One event as a reader takes it from the log; a delta's text is lent beside it.
public struct LoggedEvent: Sendable {
    /// Deltas stand apart: their text stays in the log's buffer and is never made a `String` on the way to a reader.
    public enum Body: Sendable {
        /// More of a block's text: the bytes lent beside the event, UTF-8 (a lone surrogate as three bytes, WTF-8).
        case delta(block: Int, kind: BlockKind)
        /// Anything but a delta.
        indirect case event(GenerationEvent)
    }

    /// Number of the first event this one stands for; equals `last` unless deltas were merged.
    public var first: UInt64
    /// Number of the event; of the last one where deltas were merged.
    public var last: UInt64
    /// What happened; for a delta, where its text belongs.
    public var body: Body
    /// What the provider's frame said besides; nil when there was nothing.
    public var extras: Extras?
    /// Whether the provider's frame ends here: an encoder of the same dialect makes one frame of all up to this one.
    public var endsFrame: Bool

    /// An event outside a log, for an encoder or a fold that is fed by hand.
    public init(first: UInt64, last: UInt64, body: Body, extras: Extras? = nil, endsFrame: Bool = true) {
        (self.first, self.last, self.body) = (first, last, body)
        (self.extras, self.endsFrame) = (extras, endsFrame)
    }
}

/// A reader's place in a log in memory; a hint of the run spares the search.
public struct LogCursor: Equatable, Sendable {
    /// Number of the event to read next.
    public internal(set) var next: UInt64
    var run = 0

    /// - Parameter sequence: The last event already delivered; 0 for none. A peer may name any number.
    public init(after sequence: UInt64 = 0) { next = sequence == .max ? .max : sequence + 1 }
}
