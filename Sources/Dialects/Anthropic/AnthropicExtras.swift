import FreshetGeneration

/// What a member that our events have no place for was in an Anthropic stream. Each event carries its own frame's.
enum AnthropicAnchor: UInt8 {
    /// The raw `message` of `message_start`.
    case message = 0x6D
    /// The raw `content_block` of `content_block_start`.
    case block = 0x62
    /// A member of a tool's result, but for its `content`.
    case result = 0x72
    /// What the event says stood in the block's start already; no bytes.
    case said = 0x73
    /// A member of a delta.
    case delta = 0x64
    /// The raw `delta` of `content_block_delta`, for the block whose number is the place.
    case wholeDelta = 0x77
    /// The raw `citation` of a `citations_delta`.
    case citation = 0x63
    /// The raw `delta` of `message_delta`.
    case finish = 0x66
    /// The raw `usage` of `message_delta`.
    case usage = 0x75
    /// A member of the frame itself.
    case frame = 0x74
}

/// Members of Anthropic frames that our events have no place for.
typealias AnthropicExtras = FrameExtras<AnthropicAnchor>

/// Names under which events of this dialect that have no place in ours stand in the log.
enum AnthropicForeign {
    /// A whole block of a type that is not ours: its raw `content_block`, then its deltas, one a line.
    static let block = "content_block"
    /// A delta that says nothing in our words; its block's number and raw JSON are in the extras.
    static let delta = "content_block_delta"
    /// A `message_delta` without finish and usage; all of it is in the extras.
    static let messageDelta = "message_delta"
    /// The end mark, where it has members of its own: the whole frame.
    static let stop = "message_stop"
}

extension Extras {
    /// The raw bytes of the last member with this anchor; nil where there is none, and for other dialects.
    func anthropic(_ anchor: AnthropicAnchor, place: Int = 0) -> ArraySlice<UInt8>? {
        guard dialect == .anthropic else { return nil }
        return AnthropicExtras.last(anchor, place: place, in: bytes)
    }
}
