import FreshetPartialJSON

/// What a prefix of a JSON text may show, by rule and by recursion, independent of the machine under test: strict
/// parses of the parts that are whole, and for an open string the longest beginning that no later byte can change.
struct PrefixOracle {
    private let text: [UInt8]
    private var at = 0

    /// - Parameter prefix: The beginning of a valid JSON text.
    static func value(of prefix: [UInt8]) throws -> JSONValue? {
        var oracle = PrefixOracle(text: prefix)
        return try oracle.value()
    }

    private init(text: [UInt8]) { self.text = text }

    private mutating func skip(_ skipped: [UInt8]) {
        while at < text.count, skipped.contains(text[at]) { at += 1 }
    }

    /// - Returns: nil when the text ends before anything of the value is certain.
    private mutating func value() throws -> JSONValue? {
        skip(bytes(" \n\r\t"))
        guard at < text.count else { return nil }
        switch text[at] {
        case UInt8(ascii: "\""): return try string().value
        case UInt8(ascii: "["): return .array(try elements())
        case UInt8(ascii: "{"): return .object(JSONObject(try members()))
        default: return try scalar()
        }
    }

    private mutating func scalar() throws -> JSONValue? {
        let start = at
        while at < text.count, !bytes(" \n\r\t,]}").contains(text[at]) { at += 1 }
        return at < text.count ? try JSONValue(parsing: Array(text[start..<at])) : nil
    }

    private mutating func elements() throws -> [JSONValue] {
        var elements: [JSONValue] = []
        at += 1
        while true {
            skip(bytes(" \n\r\t,"))
            guard at < text.count else { return elements }
            if text[at] == UInt8(ascii: "]") { break }
            if let element = try value() { elements.append(element) }
        }
        at += 1
        return elements
    }

    private mutating func members() throws -> [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        at += 1
        while true {
            skip(bytes(" \n\r\t,"))
            guard at < text.count else { return members }
            if text[at] == UInt8(ascii: "}") { break }
            let name = try string()
            guard name.isWhole else { return members }
            skip(bytes(" \n\r\t:"))
            if let value = try value() { members.append(.init(name: name.value.stringValue ?? "", value: value)) }
        }
        at += 1
        return members
    }

    private mutating func string() throws -> (value: JSONValue, isWhole: Bool) {
        let start = at + 1
        at = start
        while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
        guard at >= text.count else {
            at += 1
            return (try JSONValue(parsing: Array(text[start - 1..<at])), true)
        }
        at = text.count
        return (Self.certain(Array(text[start...])), false)
    }

    /// Cuts bytes off the end until the rest is a string of its own, and then half a pair that may become whole.
    private static func certain(_ content: [UInt8]) -> JSONValue {
        var end = content.count
        var hasCutHalf = false
        while true {
            if let value = try? JSONValue(parsing: bytes("\"") + content[..<end] + bytes("\"")) {
                let rest = content[end...]
                let mayPair = rest.isEmpty || rest.first == UInt8(ascii: "\\")
                guard mayPair, !hasCutHalf, endsInHighSurrogate(content[..<end]) else { return value }
                hasCutHalf = true
                end -= 6
            } else {
                end -= 1
            }
        }
    }

    private static func endsInHighSurrogate(_ content: ArraySlice<UInt8>) -> Bool {
        let escape = String(decoding: content.suffix(6), as: UTF8.self).lowercased()
        guard
            escape.hasPrefix("\\ud8") || escape.hasPrefix("\\ud9") || escape.hasPrefix("\\uda")
                || escape.hasPrefix("\\udb"), escape.utf8.count == 6
        else { return false }
        return (try? JSONValue(parsing: bytes("\"") + content.dropLast(6) + bytes("\""))) != nil
    }
}
