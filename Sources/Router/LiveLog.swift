public import FreshetGeneration

/// The log of a generation that is running, shared by its producer and its readers; confined to one loop.
public final class LiveLog {
    /// Whoever appends calls `onAppend` next.
    public var log = GenerationLog()
    /// Called after events became visible.
    public var onAppend: (() -> Void)?

    /// An empty log that nobody watches yet.
    public init() {}
}
