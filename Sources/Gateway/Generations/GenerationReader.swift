import FreshetGeneration

/// A cursor being served. Confined to its generation's loop.
protocol GenerationReader: AnyObject {
    /// Events may have become visible.
    func wake()
}
