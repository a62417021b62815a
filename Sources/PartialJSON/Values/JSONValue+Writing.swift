extension JSONValue {
    /// Appends the value as JSON without whitespace, numbers with the digits they had.
    public func write(into out: inout [UInt8]) {
        switch self {
        case .null: out.appendJSON(raw: "null")
        case .bool(let bool): out.appendJSON(bool: bool)
        case .number(let number): out.append(contentsOf: number.digits.utf8)
        case .string(let string): out.appendJSON(string: string)
        case .array(let elements): Self.write(elements, into: &out)
        case .object(let object): object.write(into: &out)
        }
    }

    private static func write(_ elements: [JSONValue], into out: inout [UInt8]) {
        out.append(.openBracket)
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(.comma) }
            element.write(into: &out)
        }
        out.append(.closeBracket)
    }

    /// The value as JSON without whitespace.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        write(into: &out)
        return out
    }
}

extension JSONObject {
    /// Appends the object as JSON without whitespace.
    public func write(into out: inout [UInt8]) {
        out.append(.openBrace)
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(.comma) }
            out.appendJSON(string: member.name)
            out.append(.colon)
            member.value.write(into: &out)
        }
        out.append(.closeBrace)
    }
}
