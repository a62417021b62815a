import FreshetPartialJSON

/// One block as a reader of its deltas knows it, without a copy of its text: what can be shown of each delta, and the
/// checksum of all of them.
package struct ReadBlock: Equatable, Sendable {
    /// The first half of a surrogate pair that stood at the end of the last delta: three bytes, else none.
    private var half: [UInt8] = []
    /// Of all before `half`.
    private var sum: UInt32 = 0

    /// Nothing has come.
    package init() {}

    /// CRC-32 of the text so far, as `generation-end` tells it.
    package var checksum: UInt32 { CRC32.sum(of: half.span, after: sum) }

    /// Takes the next delta. O(bytes).
    ///
    /// - Parameter delta: UTF-8; half of a surrogate pair as three bytes.
    /// - Returns: What it adds to what can be shown: half a character at its end comes with the next delta, a half that
    ///   never meets the other is U+FFFD.
    package mutating func append(_ delta: Span<UInt8>) -> String {
        var bytes = half
        WTF8.append(delta, to: &bytes)
        half = WTF8.endsInHighSurrogate(bytes) ? Array(bytes.suffix(3)) : []
        bytes.removeLast(half.count)
        sum = CRC32.sum(of: bytes.span, after: sum)
        return String(replacingSurrogatesOf: bytes)
    }
}

extension NativeEvent {
    /// A delta's text as bytes; half of a surrogate pair as three bytes, which its `String` cannot say.
    ///
    /// - Parameter text: What this event was read from.
    /// - Returns: Nothing for any other event.
    package func deltaBytes(in text: Span<UInt8>) -> [UInt8] {
        guard case .blockDelta(_, _, let string) = event else { return [] }
        guard string.unicodeScalars.contains("\u{FFFD}") else { return Array(string.utf8) }
        let bytes = try? LineMembers(text).bytes("delta", in: text)
        return bytes ?? Array(string.utf8)
    }
}
