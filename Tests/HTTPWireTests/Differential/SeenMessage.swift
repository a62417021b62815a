/// One message as a parser saw it: what two parsers must agree on.
struct SeenMessage: Equatable, CustomStringConvertible {
    struct Field: Equatable {
        var name: [UInt8] = []
        var value: [UInt8] = []

        var lowercaseName: String { String(decoding: name, as: UTF8.self).lowercased() }
    }

    var method = ""
    var target: [UInt8] = []
    var status = 0
    /// 11 for HTTP/1.1.
    var version = 0
    /// Of the head alone, the blanks around values left out.
    var fields: [Field] = []
    var body: [UInt8] = []
    /// Known of whole messages only.
    var keepsConnection = false
    var isHeadWhole = false
    var isWhole = false

    var isInterim: Bool { 100..<200 ~= status }

    var lastName: [UInt8] {
        get { fields[fields.count - 1].name }
        set { fields[fields.count - 1].name = newValue }
    }

    var lastValue: [UInt8] {
        get { fields[fields.count - 1].value }
        set { fields[fields.count - 1].value = newValue }
    }

    /// Whether a field has the name and a value, in small letters, as asked.
    func has(_ name: String, where isAsked: (String) -> Bool = { _ in true }) -> Bool {
        fields.contains {
            $0.lowercaseName == name && isAsked(String(decoding: $0.value, as: UTF8.self).lowercased())
        }
    }

    /// As both parsers give it: text that is not UTF-8 the same way, no blanks behind values, no fields and no end of
    /// what is not there whole.
    var normalised: SeenMessage {
        var message = self
        message.target = Self.text(target)
        message.fields = fields.map { Field(name: Self.text($0.name), value: Self.text(Self.trimmed($0.value))) }
        if !isWhole || isInterim { message.keepsConnection = false }
        return message
    }

    /// Whether this is the same message, read less far.
    func isBeginning(of other: SeenMessage) -> Bool {
        var head = other
        (head.body, head.isWhole, head.keepsConnection) = (body, isWhole, keepsConnection)
        return self == head && other.body.starts(with: body)
    }

    var description: String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self).debugDescription }
        let fields = fields.map { "\(text($0.name)): \(text($0.value))" }.joined(separator: ", ")
        let end = !isHeadWhole ? "half a head" : !isWhole ? "not whole" : keepsConnection ? "kept" : "closed"
        return "\(method)\(status) \(text(target)) \(version) [\(fields)] \(text(body)) \(end)"
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let end = bytes.lastIndex { !isBlank($0) } ?? -1
        return Array(bytes[..<(end + 1)].drop(while: isBlank))
    }

    private static func text(_ bytes: [UInt8]) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }
}
