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

/// The form of `Extras.bytes` in this dialect: for each member
/// ```
/// | anchor, 1 byte | place, 4 bytes LE | length, 4 bytes LE | raw bytes: "name":value |
/// ```
enum ChatExtras {
    /// Appends one member.
    static func append(_ anchor: ChatAnchor, place: Int, raw: Span<UInt8>, to bytes: inout [UInt8]) {
        // Asked for each time, the exact size would be allocated each time; what is there grows by doubling.
        if bytes.isEmpty { bytes.reserveCapacity(max(9 + raw.count, 96)) }
        bytes.append(anchor.rawValue)
        append(UInt32(truncatingIfNeeded: place), to: &bytes)
        append(UInt32(truncatingIfNeeded: raw.count), to: &bytes)
        let start = bytes.count
        raw.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        // A line end between JSON tokens would end the frame's line when it is written again.
        for position in start..<bytes.count where bytes[position] == 0x0A || bytes[position] == 0x0D {
            bytes[position] = 0x20
        }
    }

    /// Calls `body` with each member: anchor, place and where its raw bytes lie.
    static func forEach(_ bytes: [UInt8], _ body: (ChatAnchor, Int, Range<Int>) -> Void) {
        var position = 0
        while position < bytes.count, let anchor = ChatAnchor(rawValue: bytes[position]) {
            let place = Int(number(bytes, at: position + 1))
            let start = position + 9
            position = start + Int(number(bytes, at: position + 5))
            body(anchor, place, start..<position)
        }
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func number(_ bytes: [UInt8], at position: Int) -> UInt32 {
        precondition(position >= 0 && position + 4 <= bytes.count, "extras are whole")
        return UInt32(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self))
    }
}
