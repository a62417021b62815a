import FreshetGeneration

/// Where a member that our events have no place for stood in a Chat chunk.
enum ChatAnchor: UInt8 {
    /// A member of the chunk.
    case chunk = 0x63
    /// A member of the choice whose index is the place.
    case choice = 0x68
    /// A member of that choice's delta.
    case delta = 0x64
    /// A member of the tool call whose block number is the place.
    case toolCall = 0x74
    /// The raw value of `usage`.
    case usage = 0x75
    /// The raw value of the `content` of the choice whose index is the place, where it is a list of parts.
    case contentParts = 0x70
    /// The choice whose index is the place stood there with nothing in it; no bytes.
    case mention = 0x6D
    /// The name under which the reasoning stood, in quotes.
    case reasoningName = 0x72
    /// The raw value of `error`.
    case error = 0x65
}

/// Members of Chat chunks that our events have no place for.
typealias ChatExtras = FrameExtras<ChatAnchor>
