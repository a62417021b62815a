public import FreshetGeneration

/// The form that `Extras.bytes` have in every dialect: for each member
/// ```
/// | anchor, 1 byte | place, 4 bytes LE | length, 4 bytes LE | raw bytes |
/// ```
/// The anchor says where the bytes stood in the provider's frame and what they are; each dialect has its own, but for
/// the error's, which is the same in all.
enum FrameExtras<Anchor: RawRepresentable<UInt8>> {
    /// Appends one member.
    static func append(_ anchor: Anchor, place: Int = 0, raw: Span<UInt8>, to bytes: inout [UInt8]) {
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
    static func forEach(_ bytes: [UInt8], _ body: (Anchor, Int, Range<Int>) -> Void) {
        var position = 0
        while position < bytes.count, let anchor = Anchor(rawValue: bytes[position]) {
            let place = Int(number(bytes, at: position + 1))
            let start = position + 9
            position = start + Int(number(bytes, at: position + 5))
            body(anchor, place, start..<position)
        }
    }

    /// The raw bytes of the last member with this anchor and place; nil where there is none.
    static func last(_ wanted: Anchor, place: Int = 0, in bytes: [UInt8]) -> ArraySlice<UInt8>?
    where Anchor: Equatable {
        var found: Range<Int>?
        forEach(bytes) { anchor, owner, range in if anchor == wanted, owner == place { found = range } }
        return found.map { bytes[$0] }
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func number(_ bytes: [UInt8], at position: Int) -> UInt32 {
        precondition(position >= 0 && position + 4 <= bytes.count, "extras are whole")
        return UInt32(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self))
    }
}

/// The anchor that extras of a provider's error have in every dialect.
enum ErrorAnchor: UInt8 {
    /// The raw error, in the form in which its dialect's `ProviderFailure` keeps it.
    case error = 0x65
}

extension Extras {
    /// Keeps an error that a provider reported for the event that ends the generation, so that clients of the same
    /// dialect get it as it was.
    ///
    /// - Parameters:
    ///   - raw: As `ProviderFailure.raw`, secrets masked.
    ///   - dialect: The provider's.
    /// - Returns: What the encoder of this dialect writes instead of its own error.
    public static func error(_ raw: [UInt8], in dialect: ProviderDialect) -> Extras {
        var bytes: [UInt8] = []
        FrameExtras<ErrorAnchor>.append(.error, raw: raw.span, to: &bytes)
        return Extras(dialect: dialect.name, bytes: bytes)
    }

    /// The raw error that `error(_:in:)` kept; nil for anything else and for another dialect's.
    func error(of dialect: DialectName) -> [UInt8]? {
        guard self.dialect == dialect, bytes.first == ErrorAnchor.error.rawValue else { return nil }
        return FrameExtras<ErrorAnchor>.last(.error, in: bytes).map(Array.init)
    }
}
