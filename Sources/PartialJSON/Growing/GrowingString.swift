/// A JSON string whose bytes are still coming.
struct GrowingString: Equatable, Sendable {
    /// What cannot be shown before more bytes have come.
    private enum Held: Equatable, Sendable {
        case nothing
        case backslash
        case digits(unit: UInt16, count: Int)
        case sequence(bytes: UInt32, count: Int, missing: Int, next: ClosedRange<UInt8>)
    }

    /// All that is certain; it only ever grows.
    private(set) var text = ""
    private var held = Held.nothing
    /// An escaped high surrogate whose low half may be the next escape; 0 when there is none.
    private var high: UInt16 = 0

    /// Reads on behind the opening quote, up to the offset given back: behind the closing quote or at the chunk's end.
    /// `base` is the offset of the chunk in the whole text, for errors.
    mutating func read(
        _ chunk: Span<UInt8>, from start: Int, base: Int
    ) throws(JSONError) -> (end: Int, isWhole: Bool) {
        var at = start
        while at < chunk.count {
            if held == .nothing {
                let run = JSONScan.plainEnd(in: chunk, from: at)
                appendPlain(chunk.extracting(at..<run))
                at = run
                guard at < chunk.count else { break }
            }
            let isWhole = try accept(chunk[at], at: base + at)
            at += 1
            if isWhole { return (at, true) }
        }
        return (at, false)
    }

    private mutating func appendPlain(_ run: Span<UInt8>) {
        guard run.count > 0 else { return }
        settleSurrogate()
        run.withUnsafeBufferPointer { text.append(String(decoding: $0, as: UTF8.self)) }
    }

    /// - Returns: Whether the byte was the closing quote.
    private mutating func accept(_ byte: UInt8, at offset: Int) throws(JSONError) -> Bool {
        switch held {
        case .nothing: return try acceptSpecial(byte, at: offset)
        case .backslash: try acceptEscape(byte, at: offset)
        case .digits(let unit, let count):
            guard let digit = byte.hexadecimalValue else { throw .invalidEscape(at: offset - 2 - count) }
            held = .digits(unit: unit &<< 4 | digit, count: count + 1)
            if count == 3 { accept(unit: unit &<< 4 | digit) }
        case .sequence(let bytes, let count, let missing, let next):
            guard next.contains(byte) else { throw .invalidUTF8(at: offset - count) }
            accept(sequence: bytes &<< 8 | UInt32(byte), count: count + 1, missing: missing - 1)
        }
        return false
    }

    private mutating func acceptSpecial(_ byte: UInt8, at offset: Int) throws(JSONError) -> Bool {
        switch byte {
        case .quote:
            settleSurrogate()
            return true
        case .backslash: held = .backslash
        case 0x80...:
            guard let (missing, next) = UTF8Sequence.continuation(of: byte) else { throw .invalidUTF8(at: offset) }
            settleSurrogate()
            held = .sequence(bytes: UInt32(byte), count: 1, missing: missing, next: next)
        default: throw .unexpectedByte(at: offset)
        }
        return false
    }

    private mutating func acceptEscape(_ mark: UInt8, at offset: Int) throws(JSONError) {
        guard mark != UInt8(ascii: "u") else {
            held = .digits(unit: 0, count: 0)
            return
        }
        guard let byte = JSONEscape.byte(for: mark) else { throw .invalidEscape(at: offset - 1) }
        settleSurrogate()
        append(Unicode.Scalar(byte))
    }

    private mutating func accept(unit: UInt16) {
        held = .nothing
        if high != 0, 0xDC00...0xDFFF ~= unit {
            let scalar = 0x10000 + (UInt32(high & 0x3FF) &<< 10 | UInt32(unit & 0x3FF))
            high = 0
            append(Unicode.Scalar(scalar) ?? "\u{FFFD}")
        } else {
            settleSurrogate()
            if 0xD800...0xDBFF ~= unit { high = unit } else { append(Unicode.Scalar(unit) ?? "\u{FFFD}") }
        }
    }

    private mutating func accept(sequence bytes: UInt32, count: Int, missing: Int) {
        guard missing == 0 else {
            held = .sequence(bytes: bytes, count: count, missing: missing, next: 0x80...0xBF)
            return
        }
        held = .nothing
        withUnsafeBytes(of: bytes.bigEndian) {
            text.append(String(decoding: $0.dropFirst(4 - count), as: UTF8.self))
        }
    }

    /// Whatever follows a high surrogate but its low half leaves it alone for good.
    private mutating func settleSurrogate() {
        guard high != 0 else { return }
        high = 0
        append("\u{FFFD}")
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        held = .nothing
        text.unicodeScalars.append(scalar)
    }
}
