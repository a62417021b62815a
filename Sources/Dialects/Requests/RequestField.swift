import FreshetGeneration
import FreshetPartialJSON

/// A value in a client's request and where it stands, so that whatever is wrong with it can be told in the client's words.
struct RequestField {
    let value: JSONValue
    /// As in `messages[1].content[0].source`; empty for the body itself.
    let path: String
    /// Whether protobuf's rules for JSON hold, as at Google: members may be named in snake_case too, and numbers be strings.
    let isProtobuf: Bool

    init(_ value: JSONValue, at path: String, isProtobuf: Bool = false) {
        (self.value, self.path, self.isProtobuf) = (value, path, isProtobuf)
    }

    /// The member of that name under the name that the client wrote; nil when it is missing or null.
    subscript(_ name: String) -> RequestField? {
        if let found = member(name) { return found }
        return isProtobuf ? member(Self.snakeCased(name)) : nil
    }

    private func member(_ name: String) -> RequestField? {
        guard let found = value[name], !found.isNull else { return nil }
        return RequestField(found, at: path(of: name), isProtobuf: isProtobuf)
    }

    /// Where a member stands.
    func path(of name: String) -> String { path.isEmpty ? name : path + "." + name }

    static func snakeCased(_ name: String) -> String {
        var out = ""
        for character in name.unicodeScalars {
            if ("A"..."Z").contains(character) {
                out += "_" + String(character).lowercased()
            } else {
                out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// An error about this value.
    func error(_ problem: String) -> RequestError { RequestError(path.isEmpty ? nil : path, problem) }

    // MARK: What it must be

    /// A member that has to be there.
    func required(_ name: String, _ expectation: String) throws(RequestError) -> RequestField {
        guard let member = self[name] else { throw RequestError(path(of: name), "is required: \(expectation)") }
        return member
    }

    /// Nil for null.
    func text() throws(RequestError) -> String? {
        if value.isNull { return nil }
        return try string()
    }

    func string() throws(RequestError) -> String {
        guard let string = value.stringValue else { throw error("must be a string") }
        return string
    }

    /// This string, which must be one of these words.
    func word(_ known: [String]) throws(RequestError) -> String {
        let word = try string()
        guard known.contains(word) else {
            throw error("must be \(known.dropLast().joined(separator: ", ")) or \(known.last ?? "")")
        }
        return word
    }

    /// Nil for null.
    func flag() throws(RequestError) -> Bool? {
        if value.isNull { return nil }
        guard let flag = value.boolValue else { throw error("must be true or false") }
        return flag
    }

    /// The value, or the number that its string holds where numbers may be strings.
    private var numeric: JSONValue {
        guard isProtobuf, let text = value.stringValue else { return value }
        return (try? JSONValue(parsing: Array(text.utf8))) ?? value
    }

    func whole(in range: ClosedRange<Int>) throws(RequestError) -> Int {
        guard let int = numeric.intValue, range.contains(int) else {
            let bounds =
                range.upperBound == .max
                ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw error("must be a whole number \(bounds)")
        }
        return int
    }

    func number() throws(RequestError) -> JSONNumber {
        guard case .number(let number) = numeric, number.double != nil else { throw error("must be a number") }
        return number
    }

    /// Nil for null.
    func object() throws(RequestError) -> RequestField? {
        if value.isNull { return nil }
        return try requiredObject()
    }

    func requiredObject() throws(RequestError) -> RequestField {
        guard value.objectValue != nil else { throw error("must be an object") }
        return self
    }

    /// The elements, each with its own path.
    func elements() throws(RequestError) -> [RequestField] {
        guard let elements = value.arrayValue else { throw error("must be an array") }
        return elements.enumerated().map { index, element in
            RequestField(element, at: "\(path)[\(index)]", isProtobuf: isProtobuf)
        }
    }

    /// The elements, all of which must be strings.
    func strings() throws(RequestError) -> [String] {
        var strings: [String] = []
        for element in try elements() { strings.append(try element.string()) }
        return strings
    }

    // MARK: With the name of the field

    func askedNumber() throws(RequestError) -> Asked<JSONNumber> { Asked(try number(), in: path) }
    func askedWhole(from least: Int) throws(RequestError) -> Asked<Int> {
        Asked(try whole(in: least...Int.max), in: path)
    }
    func askedString() throws(RequestError) -> Asked<String> { Asked(try string(), in: path) }
    func askedFlag() throws(RequestError) -> Asked<Bool>? { try flag().map { Asked($0, in: path) } }
}
