import FreshetGeneration

/// What becomes of a stream's connection while its answer goes on.
public enum ConnectionChange: Equatable, Sendable {
    /// It is lost, for this reason; another one is tried.
    case lost(ClientError)
    /// Another one is there, and what was missed comes over it.
    case regained
}

/// Whom a stream tells.
struct StreamListener: Sendable {
    let onConnection: @Sendable (ConnectionChange) -> Void
    let onEvent: @Sendable (NativeEvent) -> Void
    let onEnd: @Sendable (ClientError?) -> Void
}
