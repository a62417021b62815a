/// Finds where a JSON object closes, over any number of chunks.
struct ObjectScanner: Sendable {
    private enum Place { case outside, string, escape }
    private var place = Place.outside
    private var depth = 0
    /// One bit an open bracket, the innermost lowest: 1 for an array.
    private var arrays: UInt128 = 0

    /// Looks at bytes until the object closes.
    ///
    /// - Returns: The place behind the closing brace; nil when it is not in `range`, all of which was then looked at.
    mutating func scan(
        _ bytes: Span<UInt8>, in range: Range<Int>, depthLimit: Int
    ) throws(JSONArrayError) -> Int? {
        for index in range {
            switch place {
            case .escape: place = .string
            case .string: leaveString(at: bytes[index])
            case .outside: if try step(over: bytes[index], depthLimit: depthLimit) { return index + 1 }
            }
        }
        return nil
    }

    private mutating func leaveString(at byte: UInt8) {
        if byte == UInt8(ascii: "\"") { place = .outside }
        if byte == UInt8(ascii: "\\") { place = .escape }
    }

    private mutating func step(over byte: UInt8, depthLimit: Int) throws(JSONArrayError) -> Bool {
        switch byte {
        case UInt8(ascii: "\""): place = .string
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < depthLimit else { throw .tooDeep(limit: depthLimit) }
            depth += 1
            arrays = arrays << 1 | (byte == UInt8(ascii: "[") ? 1 : 0)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard (arrays & 1 == 1) == (byte == UInt8(ascii: "]")) else { throw .unexpected(byte) }
            depth -= 1
            arrays >>= 1
            return depth == 0
        default: break
        }
        return false
    }
}
