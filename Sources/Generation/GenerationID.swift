import FreshetPartialJSON

/// Names one generation: 48 bits of Unix milliseconds, then 80 random bits; on the wire `gen_` and 26 lower-case
/// Crockford base32 characters. Ids sort by time. An id is not a credential.
public struct GenerationID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// - Parameters:
    ///   - milliseconds: Unix time in ms; only the low 48 bits are kept.
    ///   - random: 80 random bits, drawn by the caller: 16 and 64.
    public init(milliseconds: UInt64, random: (UInt16, UInt64)) {
        high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | UInt64(random.0)
        low = random.1
    }

    /// Unix time of creation in ms.
    public var milliseconds: UInt64 { high >> 16 }

    /// Reads `gen_` and 26 characters; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 30, bytes.starts(with: "gen_".utf8) else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (place, byte) in bytes.dropFirst(4).enumerated() {
            guard let digit = Self.alphabet.firstIndex(of: byte) else { return nil }
            // 26 × 5 = 130 bits: the first character holds only three.
            guard place > 0 || digit < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | UInt64(digit)
        }
        (self.high, self.low) = (high, low)
    }

    /// Appends the 30 characters of the wire form; no allocation besides growing `out`.
    public func append(to out: inout [UInt8]) {
        var text: InlineArray<30, UInt8> = .init(repeating: 0x5F)
        (text[0], text[1], text[2]) = (0x67, 0x65, 0x6E)
        // Twelve characters are the low 60 bits, twelve the next, two the rest: each from its end.
        Self.write(low, 12, before: 30, &text)
        Self.write(low >> 60 | high << 4, 12, before: 18, &text)
        Self.write(high >> 56, 2, before: 6, &text)
        out.appendJSON(raw: text.span)
    }

    private static func write(_ bits: UInt64, _ count: Int, before end: Int, _ text: inout InlineArray<30, UInt8>) {
        var bits = bits
        for place in 1...count {
            let digit = UInt8(truncatingIfNeeded: bits) & 31
            bits >>= 5
            // The digits, then the letters without i, l, o and u.
            let letter = digit &+ 0x57
            let skipped: UInt8 = digit < 18 ? 0 : digit < 20 ? 1 : digit < 22 ? 2 : digit < 27 ? 3 : 4
            text[end &- place] = digit < 10 ? digit &+ 0x30 : letter &+ skipped
        }
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

extension GenerationID: Comparable {
    /// By time, those of one millisecond in no telling order.
    public static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension GenerationID: CustomStringConvertible {
    /// The wire form, in a new string; `append(to:)` spares that.
    public var description: String {
        var out: [UInt8] = []
        out.reserveCapacity(30)
        append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
