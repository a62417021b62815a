import FreshetGeneration
import FreshetPartialJSON

/// The last frame, where all it said was one delta. A frame that differs from it in nothing but that delta's text says
/// the same of another text, and need not be taken apart.
///
/// ```
/// {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
/// └─ the same bytes ─────────────────────────────────┘   └─ the same bytes ───────┘
/// ```
/// Nearly all frames of an answer are such; comparing costs a tenth of reading.
struct FrameRepetition {
    /// Longer frames are not kept: what they cost is in their text.
    private static let limit = 4 << 10

    private var bytes: [UInt8] = []
    /// What stands before the text, the opening quote included; empty when there is nothing to repeat.
    private var prefix = 0
    /// Where in `bytes` the closing quote stands.
    private var suffix = 0
    /// Where the delta belongs.
    private(set) var block = 0
    private(set) var kind = BlockKind.text
    /// What the frame meant for the attempt.
    private(set) var meaning = DecodedFrame()

    /// From here on nothing repeats.
    mutating func forget() { prefix = 0 }

    /// Keeps a frame, whose decoding must have changed nothing in the decoder's state.
    mutating func keep(
        _ frame: Span<UInt8>, text: JSONStringToken, block: Int, kind: BlockKind, meaning: DecodedFrame
    ) {
        guard frame.count - text.range.count <= Self.limit else { return }
        bytes.removeAll(keepingCapacity: true)
        frame.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        (prefix, suffix) = (text.range.lowerBound, text.range.upperBound)
        (self.block, self.kind, self.meaning) = (block, kind, meaning)
    }

    /// The text of a frame that repeats the one kept; nil for any other frame.
    ///
    /// What stands before the text ends inside a string, and what stands behind begins with its closing quote: where
    /// both are the same and a string lies between, the whole is JSON of the same form. An empty text is nil too: an
    /// empty member says something else than an empty delta.
    func text(of frame: Span<UInt8>) -> JSONStringToken? {
        guard prefix > 0, frame.count > prefix + bytes.count - suffix,
            bytes.span.extracting(first: prefix).equals(frame.extracting(first: prefix)),
            let text = JSONStringToken(in: frame, from: prefix), !text.range.isEmpty,
            bytes.span.extracting(suffix..<bytes.count).equals(frame.extracting(text.range.upperBound..<frame.count))
        else { return nil }
        return text
    }
}
