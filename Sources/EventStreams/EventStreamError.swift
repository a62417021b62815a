/// Why a decoder of this target gave up. It throws the same error from then on.
public enum EventStreamError: Error, Equatable, Sendable {
    /// A line, with or without its end, holds more bytes than `EventStreamLimits.lineBytes`.
    case lineTooLong(limit: Int)
    /// The `data` lines of one event hold more bytes than `EventStreamLimits.eventBytes`.
    case eventTooLong(limit: Int)
}
