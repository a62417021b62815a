import FreshetGeneration

/// What a Gemini chunk's extras hold.
///
/// A chunk is kept whole, as raw bytes, but for the texts and files that its events hold themselves: there it has a gap,
/// so that it is written again as it was, whatever members stand in it. Consecutive chunks that differ in their text
/// alone share one copy.
///
/// ```
/// {"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}],"modelVersion":…}
/// └─ raw ─────────────────────────────────────┘gap└─ raw ─────────────────────────────────────────┘
/// ```
enum GeminiAnchor: UInt8 {
    /// A piece of the chunk; between two of them is a gap.
    case raw = 0x72
    /// The events belong to chunks that came before: nothing is written for them.
    case silent = 0x73
}

typealias GeminiExtras = FrameExtras<GeminiAnchor>
