/// Why a decoder of this target gave up. It throws the same error from then on.
public enum EventStreamError: Error, Equatable, Sendable {
    /// A line, with or without its end, holds more bytes than `EventStreamLimits.lineBytes`.
    case lineTooLong(limit: Int)
    /// The `data` lines of one event hold more bytes than `EventStreamLimits.eventBytes`.
    case eventTooLong(limit: Int)
}

extension EventStreamError: CustomStringConvertible {
    /// For people, to be read behind a colon.
    public var description: String {
        switch self {
        case .lineTooLong(let limit): "a line is longer than \(limit) bytes"
        case .eventTooLong(let limit): "an event is longer than \(limit) bytes"
        }
    }
}
