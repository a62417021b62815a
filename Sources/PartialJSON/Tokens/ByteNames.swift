extension UInt8 {
    static let quote: UInt8 = 0x22
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let point: UInt8 = 0x2E
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D

    var isDigit: Bool { self &- 0x30 < 10 }

    var isExponentMark: Bool { self | 0x20 == 0x65 }

    var isJSONWhitespace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    /// The value of one hexadecimal digit; nil for any other byte.
    var hexadecimalValue: UInt16? {
        if isDigit { return UInt16(self &- 0x30) }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? UInt16(letter) + 10 : nil
    }
}
