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
        out.append(contentsOf: "gen_".utf8)
        let number = UInt128(high) << 64 | UInt128(low)
        for place in 0..<26 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt128(125 - place * 5)) & 31
            // The digits, then the letters without i, l, o and u.
            let letter = digit &+ 0x57
            let skipped: UInt8 = digit < 18 ? 0 : digit < 20 ? 1 : digit < 22 ? 2 : digit < 27 ? 3 : 4
            out.append(digit < 10 ? digit &+ 0x30 : letter &+ skipped)
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
