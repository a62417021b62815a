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

    /// How its frames stand in the body.
    var framing: Framing { get }
    /// What is sent in a silence; changes nothing of what the reader reads.
    var heartbeat: [UInt8] { get }
    /// Whether the body ends cleanly after this outcome, or must be seen to be cut.
    func endsCleanly(after outcome: Outcome) -> Bool
}

extension StreamEncoder {
    /// That of the framing.
    public var heartbeat: [UInt8] { framing.heartbeat }
}

/// How frames stand in the body.
public enum Framing: Equatable, Sendable {
    /// Server-sent events.
    case eventStream
    /// Server-sent events with CRLF for line ends, as Gemini's clients know them.
    case eventStreamCRLF
    /// One JSON document a line.
    case jsonLines
    /// The elements of one JSON array: Gemini without `alt=sse`.
    case jsonArray

    /// Whether frames are server-sent events.
    public var isEventStream: Bool { self == .eventStream || self == .eventStreamCRLF }

    /// The body's media type.
    public var contentType: String {
        switch self {
        case .eventStream, .eventStreamCRLF: "text/event-stream; charset=utf-8"
        case .jsonLines: "application/x-ndjson; charset=utf-8"
        case .jsonArray: "application/json; charset=utf-8"
        }
    }

    /// What may be sent in a silence without changing what the reader reads: a comment, or a blank that is legal
    /// before the next document.
    public var heartbeat: [UInt8] {
        switch self {
        case .eventStream, .eventStreamCRLF: Self.comment
        case .jsonLines, .jsonArray: Self.blank
        }
    }

    private static let comment = Array(": keep-alive\n\n".utf8)
    private static let blank: [UInt8] = [0x20]
}
