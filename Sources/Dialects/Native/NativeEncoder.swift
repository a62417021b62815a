public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation as it is: one frame an event, in the native JSON form.
public struct NativeEncoder: StreamEncoder {
    private let framing: Framing
    private let generation: GenerationID

    /// - Parameter generation: What the frames' ids begin with.
    public init(generation: GenerationID, framing: Framing = .eventStream) {
        (self.generation, self.framing) = (generation, framing)
    }

    public var contentType: String { framing.contentType }

    public func endsCleanly(after outcome: Outcome) -> Bool { true }

    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        guard framing == .eventStream else {
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
