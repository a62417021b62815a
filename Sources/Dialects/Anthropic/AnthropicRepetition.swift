import FreshetGeneration
import FreshetPartialJSON

/// The last event, where all it said was one delta. An event that differs from it in nothing but that delta's text, and
/// in the blanks with which this vendor pads its events, says the same of another text, and need not be taken apart.
///
/// ```
/// {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}    }
/// └─ the same bytes ──────────────────────────────────────────────────────────┘   └┘ └─ any number of blanks
/// ```
struct AnthropicRepetition {
    /// Longer events are not kept: what they cost is in their text.
    private static let limit = 4 << 10

    /// What stands before the text, the opening quote included; empty when there is nothing to repeat.
    private var prefix: [UInt8] = []
    /// From the closing quote up to the padding.
    private var suffix: [UInt8] = []
    /// Where the delta belongs.
    private(set) var block = 0
    private(set) var kind = BlockKind.text
    /// What the event meant for the attempt.
    private(set) var meaning = DecodedFrame()

    /// From here on nothing repeats.
    mutating func forget() { prefix.removeAll(keepingCapacity: true) }

    /// Keeps an event, whose decoding must have changed nothing in the decoder's state.
    mutating func keep(
        _ frame: Span<UInt8>, text: JSONStringToken, block: Int, kind: BlockKind, meaning: DecodedFrame
    ) {
        guard frame.count - text.range.count <= Self.limit, frame[frame.count - 1] == 0x7D else { return }
        var end = frame.count - 1
        while frame[end - 1] == 0x20 { end -= 1 }
        prefix.removeAll(keepingCapacity: true)
        suffix.removeAll(keepingCapacity: true)
        frame.extracting(0..<text.range.lowerBound).withUnsafeBufferPointer { prefix.append(contentsOf: $0) }
        frame.extracting(text.range.upperBound..<end).withUnsafeBufferPointer { suffix.append(contentsOf: $0) }
        (self.block, self.kind, self.meaning) = (block, kind, meaning)
    }

    /// The text of an event that repeats the one kept; nil for any other event, and for an empty text.
    ///
    /// What stands before the text ends inside a string, and what stands behind begins with its closing quote: where
    /// both are the same and a string lies between, the whole is JSON of the same form.
    func text(of frame: Span<UInt8>) -> JSONStringToken? {
        guard !prefix.isEmpty, frame.count > prefix.count + suffix.count,
            prefix.span.equals(frame.extracting(0..<prefix.count)),
            let text = JSONStringToken(in: frame, from: prefix.count), !text.range.isEmpty
        else { return nil }
        var at = text.range.upperBound + suffix.count
        guard at < frame.count, suffix.span.equals(frame.extracting(text.range.upperBound..<at)) else { return nil }
        while at < frame.count - 1, frame[at] == 0x20 { at += 1 }
        return at == frame.count - 1 && frame[at] == 0x7D ? text : nil
    }
}
