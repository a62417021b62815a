/// One field's line taken apart: `name: value`.
///
///     field-line = field-name ":" OWS field-value OWS        RFC 9112 §5
struct FieldLine {
    let name: Range<Int>
    let value: Range<Int>
    private let end: Int

    /// `line` is a line of `bytes` without its end, not empty, free of control bytes.
    init(_ line: Range<Int>, in bytes: Span<UInt8>) throws(HTTPError) {
        guard !bytes[line.lowerBound].isBlank else { throw .foldedField }
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon].isToken { colon &+= 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == .colon else { throw .badFieldName }
        name = line.lowerBound..<colon
        value = bytes.trimmed(colon &+ 1..<line.upperBound)
        end = line.upperBound
    }

    /// Whether a tab stands beside the value. It may (RFC 9110 §5.6.3), but there are readers for whom it is a part.
    func hasTab(in bytes: Span<UInt8>) -> Bool {
        bytes.firstIndex(of: .tab, in: name.upperBound..<value.lowerBound) != nil
            || bytes.firstIndex(of: .tab, in: value.upperBound..<end) != nil
    }
}
