/// A recorded stream, event by event, every byte as it was.
///
/// An event ends behind a blank line, whatever the line ends are; a recording that begins with `{` is one of JSON lines,
/// and there every line is one.
struct RecordedStream: Equatable, Sendable {
    private let bytes: [UInt8]
    private var position = 0
    let isJSONLines: Bool

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isJSONLines = bytes.first == UInt8(ascii: "{")
    }

    /// Appends the next event; `false` at the end.
    mutating func next(_ out: inout [UInt8]) -> Bool {
        guard position < bytes.count else { return false }
        let end = eventEnd()
        out += bytes[position..<end]
        position = end
        return true
    }

    private func eventEnd() -> Int {
        var index = position
        var isLineEmpty = true
        var hasContent = false
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == 0x0A || byte == 0x0D else {
                isLineEmpty = false
                hasContent = true
                continue
            }
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            if hasContent, isJSONLines || isLineEmpty { return index }
            isLineEmpty = true
        }
        return index
    }
}
