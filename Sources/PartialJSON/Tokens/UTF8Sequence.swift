/// The well-formed byte sequences of UTF-8 beyond ASCII.
///
/// - SeeAlso: Unicode 16, table 3-7.
enum UTF8Sequence {
    /// How many continuation bytes follow `lead`, and which first ones are allowed; nil when `lead` begins nothing.
    static func continuation(of lead: UInt8) -> (count: Int, first: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (1, 0x80...0xBF)
        case 0xE0: (2, 0xA0...0xBF)
        case 0xED: (2, 0x80...0x9F)  // above are surrogates
        case 0xE1...0xEF: (2, 0x80...0xBF)
        case 0xF0: (3, 0x90...0xBF)
        case 0xF1...0xF3: (3, 0x80...0xBF)
        case 0xF4: (3, 0x80...0x8F)
        default: nil
        }
    }

    /// The bytes of the sequence at `start`; nil when it is malformed or the text ends inside it.
    @inline(__always)
    static func length(in text: Span<UInt8>, at start: Int) -> Int? {
        guard let (count, first) = continuation(of: text[start]), start &+ count < text.count,
            first.contains(text[start &+ 1])
        else { return nil }
        if count > 1, text[start &+ 2] & 0xC0 != 0x80 { return nil }
        if count > 2, text[start &+ 3] & 0xC0 != 0x80 { return nil }
        return count &+ 1
    }
}
