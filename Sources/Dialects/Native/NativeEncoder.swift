public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation as it is: one frame an event, in the native JSON form.
public struct NativeEncoder: StreamEncoder {
    /// As it was made.
    public let framing: Framing
    private let generation: GenerationID

    /// It keeps no state, so it goes on behind any event without a fold.
    ///
    /// - Parameters:
    ///   - generation: What the frames' ids begin with.
    ///   - framing: JSON lines have no ids; the events' own `seq` says as much.
    public init(generation: GenerationID, framing: Framing = .eventStream) {
        (self.generation, self.framing) = (generation, framing)
    }

    /// Always: `generation-end` tells the outcome, and a native reader waits for it.
    public func endsCleanly(after outcome: Outcome) -> Bool { true }

    /// Appends exactly one frame; O(payload), and allocates nothing but growth of `out`.
    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        guard framing.isEventStream else {
            NativeJSON.append(item, payload, to: &out)
            out.append(0x0A)
            return
        }
        out += "id: ".utf8
        generation.append(to: &out)
        out.append(0x3A)
        out.appendJSON(integer: item.last)
        out += "\ndata: ".utf8
        NativeJSON.append(item, payload, to: &out)
        out += "\n\n".utf8
    }
}
