/// A number or literal whose bytes are still coming; it is not shown before the byte behind it has come, since `1`
/// may become `10` and `nul` never has to become `null`.
struct GrowingScalar: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case start, minus, zero, integer, point, fraction, exponentMark, exponentSign, exponent
        case literal(matched: Int)
    }
    private var state = State.start
    private var bytes: [UInt8] = []
    private let numberLimit: Int

    init(numberLimit: Int) { self.numberLimit = numberLimit }

    /// Takes one more byte.
    ///
    /// - Returns: `false` when the scalar is whole and the byte stands behind it.
    /// - Throws: When the byte belongs neither to the scalar nor behind one.
    mutating func accept(_ byte: UInt8, at offset: Int) throws(JSONError) -> Bool {
        if let next = successor(on: byte) {
            if case .literal = next {} else if bytes.count >= numberLimit { throw .numberTooLong(limit: numberLimit) }
            state = next
            bytes.append(byte)
            return true
        }
        let endsScalar = byte.isJSONWhitespace || byte == .comma || byte == .closeBrace || byte == .closeBracket
        guard endsScalar, value != nil else { throw .unexpectedByte(at: offset) }
        return false
    }

    private func successor(on byte: UInt8) -> State? {
        switch state {
        case .start: byte == .minus ? .minus : byte.isDigit ? integer(byte) : .literal(matched: 1)
        case .minus: byte.isDigit ? integer(byte) : nil
        case .zero: fractionOrExponent(byte)
        case .integer: byte.isDigit ? .integer : fractionOrExponent(byte)
        case .point: byte.isDigit ? .fraction : nil
        case .fraction: byte.isDigit ? .fraction : byte.isExponentMark ? .exponentMark : nil
        case .exponentMark: byte == .plus || byte == .minus ? .exponentSign : byte.isDigit ? .exponent : nil
        case .exponentSign, .exponent: byte.isDigit ? .exponent : nil
        case .literal(let matched): literalContinues(with: byte, at: matched) ? .literal(matched: matched + 1) : nil
        }
    }

    private func integer(_ digit: UInt8) -> State { digit == .zero ? .zero : .integer }

    private func fractionOrExponent(_ byte: UInt8) -> State? {
        byte == .point ? .point : byte.isExponentMark ? .exponentMark : nil
    }

    private func literalContinues(with byte: UInt8, at index: Int) -> Bool {
        let literal = literal
        return index < literal.utf8CodeUnitCount && literal.utf8Start[index] == byte
    }

    private var literal: StaticString {
        switch bytes.first {
        case UInt8(ascii: "t"): "true"
        case UInt8(ascii: "f"): "false"
        default: "null"
        }
    }

    /// The value if no more bytes belong to it; nil when it is not whole.
    var value: JSONValue? {
        switch state {
        case .zero, .integer, .fraction, .exponent:
            .number(JSONNumber(validDigits: String(decoding: bytes, as: UTF8.self)))
        case .literal(let matched) where matched == literal.utf8CodeUnitCount:
            matched == 5 ? .bool(false) : bytes.first == UInt8(ascii: "t") ? .bool(true) : .null
        case .start, .minus, .point, .exponentMark, .exponentSign, .literal: nil
        }
    }
}
