/// One field's line taken apart: `name: value`.
///
///     field-line = field-name ":" OWS field-value OWS        RFC 9112 §5
struct FieldLine {
    let name: Range<Int>
    let value: Range<Int>

    /// `line` is a line of `bytes` without its end, not empty, free of control bytes.
    init(_ line: Range<Int>, in bytes: Span<UInt8>) throws(HTTPError) {
        guard !bytes[line.lowerBound].isBlank else { throw .foldedField }
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon].isToken { colon &+= 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == .colon else { throw .badFieldName }
        name = line.lowerBound..<colon
        value = bytes.trimmed(colon &+ 1..<line.upperBound)
    }
}
