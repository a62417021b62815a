public import FreshetGeneration

/// The log of a generation that is running, shared by its producer and its readers; confined to one loop.
public final class LiveLog {
    /// Whoever appends calls `changed` next.
    public var log = GenerationLog()
    /// Called once after events became visible, until the next `served`.
    public var onChange: (() -> Void)?
    private var isChanged = false

    /// Events became visible. Costs next to nothing but for the first time.
    public func changed() {
        guard !isChanged else { return }
        isChanged = true
        onChange?()
    }

    /// What was visible when this is called has been shown to the readers that were woken.
    public func served() { isChanged = false }

    /// An empty log that nobody watches yet.
    public init() {}
}
