/// The fields of one head in their order, over one buffer of bytes. Names are compared without regard to case.
///
/// Values may hold any bytes but are decoded as UTF-8; what is not UTF-8 reads as U+FFFD. Nothing is checked here:
/// `HTTPEncoder` refuses what cannot be sent.
public struct HTTPFields: Sendable {
    struct Field: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    init(bytes: [UInt8], fields: [Field]) { (self.bytes, self.fields) = (bytes, fields) }

    /// The first value under a name; nil when there is none.
    public subscript(_ name: String) -> String? {
        guard let field = fields.first(where: { isNamed($0, name) }) else { return nil }
        return bytes.span.string(field.value)
    }

    /// Every value under a name, in order.
    public func values(_ name: String) -> [String] {
        fields.filter { isNamed($0, name) }.map { bytes.span.string($0.value) }
    }

    /// Adds a field behind the others.
    public mutating func append(_ name: String, _ value: String) {
        if fields.isEmpty {
            // A head's worth, so that it does not grow field by field.
            fields.reserveCapacity(8)
            bytes.reserveCapacity(256)
        }
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        bytes.append(contentsOf: value.utf8)
        fields.append(Field(name: start..<middle, value: middle..<bytes.count))
    }

    /// Adds all fields of `others` behind the others.
    public mutating func append(contentsOf others: HTTPFields) {
        for field in others.fields { append(field, of: others) }
    }

    /// The fields that have one of these names, or one that begins so; all are given in lower case.
    public func named(_ names: [String], beginning prefixes: [String]) -> HTTPFields {
        var kept = HTTPFields()
        for field in fields {
            let isAsked =
                names.contains { isNamed(field, $0) }
                || prefixes.contains { prefix in
                    let end = field.name.lowerBound + prefix.utf8.count
                    return end <= field.name.upperBound
                        && bytes.span.matches(field.name.lowerBound..<end, lowercase: prefix)
                }
            if isAsked { kept.append(field, of: self) }
        }
        return kept
    }

    /// Replaces every field of a name by one, behind the others.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        append(name, value)
    }

    /// Takes every field of a name out.
    public mutating func remove(_ name: String) {
        guard fields.contains(where: { isNamed($0, name) }) else { return }
        var kept = HTTPFields()
        for field in fields where !isNamed(field, name) { kept.append(field, of: self) }
        self = kept
    }

    /// Whether a value under the name, read as a comma-separated list, has the element, whatever the case.
    public func contains(_ name: String, token: String) -> Bool {
        let token = token.lowercased()
        return fields.contains { isNamed($0, name) && bytes.span.list($0.value, contains: token) }
    }

    /// Whether a value under the name, read as a comma-separated list of media types, names this one, whatever the case
    /// and the parameters.
    public func contains(_ name: String, mediaType: String) -> Bool {
        fields.contains { field in
            guard isNamed(field, name) else { return false }
            let text = bytes.span
            var start = field.value.lowerBound
            while start <= field.value.upperBound {
                let end = text.firstIndex(of: .comma, in: start..<field.value.upperBound) ?? field.value.upperBound
                if text.matches(text.mediaType(start..<end), lowercase: mediaType) { return true }
                start = end &+ 1
            }
            return false
        }
    }

    /// The media type under a name in lower case, without its parameters; nil without such a field.
    public func mediaType(_ name: String) -> String? {
        guard let field = fields.first(where: { isNamed($0, name) }) else { return nil }
        let text = bytes.span
        let type = text.mediaType(field.value)
        return text.allSatisfy(type) { $0.lowercased == $0 } ? text.string(type) : text.string(type).lowercased()
    }

    private func isNamed(_ field: Field, _ name: String) -> Bool {
        guard field.name.count == name.utf8.count else { return false }
        var at = field.name.lowerBound
        for byte in name.utf8 {
            guard bytes[at].lowercased == byte.lowercased else { return false }
            at &+= 1
        }
        return true
    }

    private mutating func append(_ field: Field, of other: HTTPFields) {
        let start = bytes.count
        bytes.append(contentsOf: other.bytes[field.name])
        let middle = bytes.count
        bytes.append(contentsOf: other.bytes[field.value])
        fields.append(Field(name: start..<middle, value: middle..<bytes.count))
    }
}

extension HTTPFields: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }

    /// How many fields there are; those of one name count each.
    public var endIndex: Int { fields.count }

    /// The field at a place in the order, its name as it was written.
    public subscript(_ position: Int) -> (name: String, value: String) {
        (bytes.span.string(fields[position].name), bytes.span.string(fields[position].value))
    }
}

extension HTTPFields: Equatable {
    /// Whether both hold the same names and values in the same order, wherever their bytes lie.
    public static func == (left: Self, right: Self) -> Bool {
        left.fields.elementsEqual(right.fields) { ours, theirs in
            left.bytes[ours.name].elementsEqual(right.bytes[theirs.name])
                && left.bytes[ours.value].elementsEqual(right.bytes[theirs.value])
        }
    }
}
