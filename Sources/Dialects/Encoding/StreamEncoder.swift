public import FreshetGeneration

/// Turns a generation's events into one client dialect's frames, for one reader.
///
/// Its state is a fold of the log: an encoder made from the fold of the first n events goes on exactly as one that
/// encoded them. It uses no clock, no randomness and no counter of its own.
public protocol StreamEncoder: Sendable {
    /// Appends the frames that `item` completes; often one, sometimes none.
    ///
    /// - Parameters:
    ///   - item: The event, as the log lends it.
    ///   - payload: A delta's bytes (WTF-8); empty for any other event.
    ///   - out: The reader's output; nothing that stands there is changed.
    mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8])

    /// What the body's `Content-Type` says.
    var contentType: String { get }
    /// Whether the body ends cleanly after this outcome, or must be seen to be cut.
    func endsCleanly(after outcome: Outcome) -> Bool
}

/// How frames stand in the body.
public enum Framing: Sendable {
    /// Server-sent events.
    case eventStream
    /// One JSON document a line.
    case jsonLines

    /// The body's media type.
    public var contentType: String {
        switch self {
        case .eventStream: "text/event-stream; charset=utf-8"
        case .jsonLines: "application/x-ndjson; charset=utf-8"
        }
    }

    /// What may be sent in a silence without changing what the reader reads: a comment, or a blank that is legal
    /// before the next line's JSON.
    public var heartbeat: [UInt8] {
        switch self {
        case .eventStream: Self.comment
        case .jsonLines: Self.blank
        }
    }

    private static let comment = Array(": keep-alive\n\n".utf8)
    private static let blank: [UInt8] = [0x20]
}
