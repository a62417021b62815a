public import FreshetGeneration

/// The log of a generation that is running, shared by its producer and its readers; confined to one loop.
public final class LiveLog {
    public var log = GenerationLog()
    /// Called after events became visible.
    public var onAppend: (() -> Void)?

    public init() {}
}
