import FreshetGeneration

/// A cursor being served. Confined to its generation's loop.
protocol GenerationReader: AnyObject {
    /// Events may have become visible.
    func wake()
    /// The generation goes on elsewhere: the connection is cut, so that its client comes back.
    func cut()
}
