import FreshetGeneration
import FreshetPartialJSON

/// Puts one reader's frames into its body: as server-sent events with a cursor each, as lines, or as one array.
///
/// One event may make several frames. Their cursors are `gen:seq.0`, `gen:seq.1`… and `gen:seq` for the last, so that a
/// reader that was cut between two of them goes on with the next one. Where events were merged, `seq` is the last one's,
/// but frames before the last are numbered from the first: behind them nothing of the others has been said yet. The
/// encoder calls `beginEvent` for each event, and `open` and `close` around each frame's JSON.
struct FrameOutput: Sendable {
    let framing: Framing
    private let cursors: GenerationID?
    /// Frames of the first event that the client has already.
    private var taken: Int
    private var sequence: UInt64 = 0
    /// Of the first event that was merged into it.
    private var first: UInt64 = 0
    /// Number of the next frame of this event.
    private var part = 0
    /// Where the frame that is open, or was last, begins.
    private var start = 0
    /// The numbers in the cursor of the last frame that was written; nil while there is none of this event.
    private var cursor: Range<Int>?
    /// Whether the array was opened.
    private var hasElements = false

    /// - Parameters:
    ///   - framing: How frames stand in the body.
    ///   - cursors: The generation, for a reader that may come back; only server-sent events bear cursors.
    ///   - taken: Frames of the event that is encoded first that the reader has already.
    init(_ framing: Framing, cursors: GenerationID?, taken: Int = 0) {
        (self.framing, self.taken) = (framing, taken)
        self.cursors = framing.isEventStream ? cursors : nil
    }

    /// Begins with the frames of one event, or of several that were merged.
    ///
    /// - Parameters:
    ///   - sequence: Of the last one.
    ///   - first: Of the first one.
    mutating func beginEvent(_ sequence: UInt64, from first: UInt64) {
        if self.sequence != 0 { taken = 0 }
        (self.sequence, self.first, part, cursor) = (sequence, first, 0, nil)
    }

    /// Begins a frame; its JSON follows.
    ///
    /// - Parameters:
    ///   - type: The event's name over server-sent events; empty for none.
    ///   - out: Grows.
    mutating func open(_ type: StaticString = "", _ out: inout [UInt8]) {
        start = out.count
        switch framing {
        case .eventStream, .eventStreamCRLF:
            if part >= taken { nameCursor(&out) }
            if type.utf8CodeUnitCount > 0 {
                out += "event: ".utf8
                out.appendJSON(raw: type)
                appendLineEnd(&out)
            }
            out += "data: ".utf8
        case .jsonLines: break
        case .jsonArray:
            out += (hasElements ? ",\r\n" : "[").utf8
            hasElements = true
        }
    }

    /// Begins a frame without `data:`: no server-sent event. Not for streams with cursors.
    mutating func openBare(_ out: inout [UInt8]) {
        guard framing.isEventStream else { return open("", &out) }
        start = out.count
    }

    /// What `open` writes before a frame's JSON, cursor aside, for frames that begin alike.
    func beginning(_ type: StaticString) -> [UInt8] {
        var plain = FrameOutput(framing, cursors: nil)
        var bytes: [UInt8] = []
        plain.open(type, &bytes)
        return bytes
    }

    /// Begins a frame whose beginning is known: what `beginning` gave, and the first part of its JSON. Not for arrays.
    @inline(__always)
    mutating func open(with beginning: [UInt8], _ out: inout [UInt8]) {
        start = out.count
        if cursors != nil, part >= taken { nameCursor(&out) }
        out += beginning
    }

    /// As `open`, with a name that a peer gave: one that could be taken for something else is left out.
    mutating func open(named type: String, _ out: inout [UInt8]) {
        open("", &out)
        guard framing.isEventStream, !type.isEmpty, type.utf8.allSatisfy(Self.isPlain) else { return }
        out.removeLast("data: ".utf8.count)
        out += "event: \(type)".utf8
        appendLineEnd(&out)
        out += "data: ".utf8
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x21..<0x7F).contains(byte) }

    /// Ends the frame that was begun; a frame that the client has is taken out again.
    mutating func close(_ out: inout [UInt8]) {
        switch framing {
        case .eventStream, .eventStreamCRLF:
            appendLineEnd(&out)
            appendLineEnd(&out)
        case .jsonLines: out.append(0x0A)
        case .jsonArray: break
        }
        if part < taken { out.removeLast(out.count - start) }
        part += 1
    }

    /// Takes back a frame that was begun and turned out to say nothing.
    mutating func cancel(_ out: inout [UInt8]) {
        if framing == .jsonArray, out[start] == 0x5B { hasElements = false }
        out.removeLast(out.count - start)
    }

    /// Ends the body, where the framing has an end of its own.
    mutating func end(_ out: inout [UInt8]) {
        guard framing == .jsonArray else { return }
        out += (hasElements ? "]" : "[]").utf8
        hasElements = true
    }

    /// The frame before was not the event's last one: its cursor says so from now on.
    private mutating func nameCursor(_ out: inout [UInt8]) {
        guard let cursors else { return }
        if let cursor {
            var number: [UInt8] = []
            number.appendJSON(integer: first)
            number.append(0x2E)
            number.appendJSON(integer: part - 1)
            out.replaceSubrange(cursor, with: number)
            start += number.count - cursor.count
        }
        out += "id: ".utf8
        cursors.append(to: &out)
        out.append(0x3A)
        let begin = out.count
        out.appendJSON(integer: sequence)
        cursor = begin..<out.count
        appendLineEnd(&out)
    }

    private func appendLineEnd(_ out: inout [UInt8]) {
        if framing == .eventStreamCRLF { out.append(0x0D) }
        out.append(0x0A)
    }
}
