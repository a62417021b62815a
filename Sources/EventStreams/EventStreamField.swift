/// One line of an event stream that is not blank, taken apart.
struct EventStreamField {
    enum Name { case comment, data, event, id, retry, unknown }
    let name: Name
    /// The bytes after the colon, one leading space removed (a comment keeps it); empty where there is no colon.
    let value: Range<Int>

    /// Reads at most six bytes of the line: no known name is longer than five.
    init(line: Range<Int>, in bytes: Span<UInt8>) {
        let reach = min(line.upperBound, line.lowerBound + 6)
        var colon = line.lowerBound
        // The name's bytes behind a leading 1, without which "\0id" would read as "id".
        var packed: UInt64 = 1
        while colon < reach, bytes[colon] != UInt8(ascii: ":") {
            packed = packed << 8 | UInt64(bytes[colon])
            colon += 1
        }
        name = Name(packed: packed)
        guard colon < reach else {
            value = line.upperBound..<line.upperBound
            return
        }
        let text = colon + 1
        let isSpaced = name != .comment && text < line.upperBound && bytes[text] == UInt8(ascii: " ")
        value = (isSpaced ? text + 1 : text)..<line.upperBound
    }
}

extension EventStreamField.Name {
    fileprivate init(packed: UInt64) {
        switch packed {
        case 1: self = .comment
        case 0x1_6461_7461: self = .data
        case 0x1_65_7665_6E74: self = .event
        case 0x1_6964: self = .id
        case 0x1_72_6574_7279: self = .retry
        default: self = .unknown
        }
    }
}
