import FreshetPartialJSON

/// Makes a JSON value that a JSON Schema allows.
///
/// Understood: `type` (also a list), `enum`, `const`, `properties`, `required`, `items`, `minItems`, `maxItems`,
/// `minimum`, `maximum` and the exclusive ones, `minLength`, `maxLength`, `format`, `anyOf`, `oneOf`, `allOf`, `$ref`
/// into the same schema. Everything else is passed over.
struct SchemaSample {
    /// Levels that are filled; below, only what is required. Twice as deep there is only `null`, which is where a schema
    /// that requires itself ends.
    private static let fullDepth = 6
    private static let maximumDepth = 12
    /// Values in all, so that no schema makes an endless answer; past it the rest is as short as it can be.
    private static let maximumValues = 4000

    private let root: JSONValue
    private var numbers: SeededNumbers
    private var values = 0

    static func make(_ schema: JSONValue, numbers: inout SeededNumbers) -> JSONValue {
        var sample = SchemaSample(root: schema, numbers: numbers)
        defer { numbers = sample.numbers }
        return sample.value(schema, name: nil, depth: 0)
    }

    private init(root: JSONValue, numbers: SeededNumbers) { (self.root, self.numbers) = (root, numbers) }

    private var isFull: Bool { values > Self.maximumValues }

    private mutating func value(_ schema: JSONValue, name: String?, depth: Int) -> JSONValue {
        values += 1
        guard depth < Self.maximumDepth, values <= 2 * Self.maximumValues else { return .null }
        if let reference = schema["$ref"]?.stringValue {
            return resolve(reference).map { value($0, name: name, depth: depth + 1) } ?? .null
        }
        if let constant = schema["const"] { return constant }
        if let choices = schema["enum"]?.arrayValue, !choices.isEmpty { return numbers.pick(choices) }
        for key in ["anyOf", "oneOf"] {
            guard let choices = schema[key]?.arrayValue, !choices.isEmpty else { continue }
            return value(depth < Self.fullDepth ? numbers.pick(choices) : last(choices), name: name, depth: depth + 1)
        }
        if let parts = schema["allOf"]?.arrayValue, !parts.isEmpty {
            return merged(parts, name: name, depth: depth + 1)
        }
        switch type(of: schema) {
        case "object": return object(schema, depth: depth)
        case "array": return array(schema, name: name, depth: depth)
        case "integer": return .number(JSONNumber(integer(schema)))
        case "number": return number(schema)
        case "boolean": return .bool(numbers.next(below: 2) == 0)
        case "null": return .null
        default: return .string(string(schema, name: name))
        }
    }

    /// Where a schema refers to itself, the way out is the alternative without members.
    private func last(_ choices: [JSONValue]) -> JSONValue {
        choices.first { $0["type"]?.stringValue == "null" } ?? choices[choices.count - 1]
    }

    private mutating func type(of schema: JSONValue) -> String {
        if let type = schema["type"]?.stringValue { return type }
        if let types = schema["type"]?.arrayValue?.compactMap(\.stringValue), let first = types.first {
            return types.first { $0 != "null" } ?? first
        }
        if schema["properties"] != nil { return "object" }
        return schema["items"] != nil ? "array" : "string"
    }

    private mutating func object(_ schema: JSONValue, depth: Int) -> JSONValue {
        let required = Set(schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        var object = JSONObject()
        for property in schema["properties"]?.objectValue?.members ?? [] {
            guard required.contains(property.name) || (depth < Self.fullDepth && !isFull) else { continue }
            object.members.append(
                .init(name: property.name, value: value(property.value, name: property.name, depth: depth + 1)))
        }
        return .object(object)
    }

    private mutating func array(_ schema: JSONValue, name: String?, depth: Int) -> JSONValue {
        let least = min(max(schema["minItems"]?.intValue ?? 0, 0), 1000)
        let most = min(max(schema["maxItems"]?.intValue ?? max(least, 3), least), 1000)
        let wanted = depth < Self.fullDepth && !isFull ? numbers.next(in: least...min(most, least + 3)) : least
        var elements: [JSONValue] = []
        let items = schema["items"] ?? ["type": "string"]
        for _ in 0..<max(wanted, least == 0 && most > 0 && depth < 2 ? 1 : wanted) where values < 2 * Self.maximumValues
        {
            elements.append(value(items, name: name, depth: depth + 1))
        }
        return .array(elements)
    }

    private mutating func integer(_ schema: JSONValue) -> Int {
        let least = bound(schema, "minimum", "exclusiveMinimum", step: 1)
        let most = bound(schema, "maximum", "exclusiveMaximum", step: -1)
        let low = least ?? (most.map { min(1, $0) } ?? 1)
        let high = max(most ?? Self.sum(low, 99), low)
        let picked = numbers.next(in: low...min(high, Self.sum(low, 1_000_000)))
        guard let step = schema["multipleOf"]?.intValue, step > 1 else { return picked }
        let rounded = picked - picked % step
        return rounded < low ? Self.sum(rounded, step) : rounded
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    private func bound(_ schema: JSONValue, _ inclusive: String, _ exclusive: String, step: Int) -> Int? {
        if let limit = schema[exclusive].flatMap(Self.whole) { return Self.sum(limit, step) }
        return schema[inclusive].flatMap(Self.whole)
    }

    /// A limit as a whole number; those beyond 2⁵³ do not matter here.
    private static func whole(_ value: JSONValue) -> Int? {
        if let whole = value.intValue { return whole }
        guard let double = value.doubleValue, double.magnitude < 9e15 else { return nil }
        return Int(double)
    }

    private mutating func number(_ schema: JSONValue) -> JSONValue {
        let low = schema["minimum"]?.doubleValue ?? schema["exclusiveMinimum"]?.doubleValue
        let high = schema["maximum"]?.doubleValue ?? schema["exclusiveMaximum"]?.doubleValue
        let start = low ?? high.map { min(0, $0 - 1) } ?? 0
        let width = max((high ?? start + 100) - start, 0)
        // Quarters are exact, and never the bounds themselves.
        let value = start + width * (Double(numbers.next(in: 1...3)) / 4)
        return JSONNumber(value).map { .number($0) } ?? 0
    }

    private mutating func string(_ schema: JSONValue, name: String?) -> String {
        var text = formatted(schema["format"]?.stringValue) ?? phrase(name)
        let least = min(max(schema["minLength"]?.intValue ?? 0, 0), 4096)
        while text.unicodeScalars.count < least { text += " " + numbers.pick(Phrases.items) }
        if let most = schema["maxLength"]?.intValue, most >= 0 {
            text = String(String.UnicodeScalarView(text.unicodeScalars.prefix(max(most, least))))
        }
        return text
    }

    private mutating func formatted(_ format: String?) -> String? {
        let day = numbers.next(in: 10...28)
        return switch format {
        case "date": "2025-03-\(day)"
        case "time": "09:\(day):00Z"
        case "date-time": "2025-03-\(day)T09:30:00Z"
        case "email": "reader\(day)@example.com"
        case "uri", "url": "https://example.com/\(day)"
        case "uuid": "00000000-0000-4000-8000-0000000000\(day)"
        case "ipv4": "192.0.2.\(day)"
        case "hostname": "host\(day).example.com"
        default: nil
        }
    }

    private mutating func phrase(_ name: String?) -> String {
        switch name?.lowercased() {
        case "city", "location", "place": numbers.pick(["Zürich", "Lyon", "Oslo", "京都", "São Paulo", "Galway"])
        case "name", "author": numbers.pick(["Ada", "Noor", "Émile", "小林", "Tomasz"])
        case "title": numbers.pick(Phrases.titles)
        case "query", "question": "where does \(numbers.pick(Phrases.subjects)) go"
        default: "\(numbers.pick(Phrases.subjects)) \(numbers.pick(Phrases.verbs)) \(numbers.pick(Phrases.objects))"
        }
    }

    private mutating func merged(_ parts: [JSONValue], name: String?, depth: Int) -> JSONValue {
        var all = JSONObject()
        for part in parts {
            if case .object(let object) = value(part, name: name, depth: depth) {
                for member in object.members { all[member.name] = member.value }
            } else if parts.count == 1 {
                return value(part, name: name, depth: depth)
            }
        }
        return .object(all)
    }

    /// `#` and `#/a/b`, with JSON Pointer's escapes.
    private func resolve(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        var value: JSONValue? = root
        for part in reference.dropFirst().split(separator: "/") {
            value = value?[Self.unescaped(part)]
        }
        return value
    }

    /// `~1` stands for `/`, `~0` for `~`.
    private static func unescaped(_ part: Substring) -> String {
        let pieces = part.split(separator: "~", omittingEmptySubsequences: false)
        return pieces.dropFirst().reduce(String(pieces[0])) { text, piece in
            text + (piece.first == "1" ? "/" : "~") + piece.dropFirst()
        }
    }
}
