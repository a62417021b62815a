public import FreshetTransport

/// When an attempt's phases came; nil for those that did not.
public struct AttemptTimeline: Sendable {
    /// When the request was handed to the client.
    public let started: MonotonicTime
    /// When the connection stood, TLS included.
    public internal(set) var connected: MonotonicTime?
    /// When the response's head came.
    public internal(set) var head: MonotonicTime?
    /// When the first content came, of any kind: reasoning too.
    public internal(set) var firstContent: MonotonicTime?
    /// When it was over.
    public internal(set) var ended: MonotonicTime?
    /// The response's.
    public internal(set) var status: Int?
    /// Whether the connection had served others before.
    public internal(set) var isReused = false

    init(started: MonotonicTime) { self.started = started }
}
