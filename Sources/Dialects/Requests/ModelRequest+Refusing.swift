import FreshetGeneration
import FreshetPartialJSON

/// What a writer says of what its dialect has no place for, in the client's words.
extension RequestError {
    /// - Parameters:
    ///   - field: As the client named it.
    ///   - provider: As people call its dialect.
    ///   - advice: What to do.
    /// - Returns: To be thrown.
    static func noPlace(_ field: String, at provider: String, _ advice: String = "leave it out") -> RequestError {
        RequestError(field, "has no place at a provider that speaks \(provider): \(advice)")
    }
}

extension ModelRequest {
    /// - Parameter provider: As people call its dialect.
    /// - Throws: For penalties, which are refused unless they are 0.
    func refusePenalties(at provider: String) throws(RequestError) {
        for penalty in [frequencyPenalty, presencePenalty] {
            guard let penalty, penalty.value.double != 0 else { continue }
            throw .noPlace(penalty.field, at: provider)
        }
    }

    /// - Parameters:
    ///   - provider: As people call its dialect.
    ///   - limit: Of a name, in characters.
    /// - Throws: For a tool whose name has other characters than letters, digits, `_` and `-`.
    func checkToolNames(at provider: String, limit: Int) throws(RequestError) {
        for tool in tools {
            let isPlain = tool.name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            }
            guard isPlain, (1...limit).contains(tool.name.utf8.count) else {
                throw RequestError(
                    tool.field,
                    "must have a name of letters, digits, _ and -, at most \(limit), for a provider that speaks \(provider)"
                )
            }
        }
    }

    /// The tools that the model may call: those the choice allows, where it names some.
    var allowedTools: [ModelTool] {
        guard case .allowed(let names, _)? = toolChoice?.value else { return tools }
        let allowed = Set(names)
        return tools.filter { allowed.contains($0.name) }
    }
}

extension JSONObject {
    /// Appends a member where there is a value.
    mutating func add(_ name: String, _ value: JSONValue?) {
        guard let value else { return }
        members.append(Member(name: name, value: value))
    }

    mutating func add(_ name: String, _ asked: Asked<JSONNumber>?) { add(name, asked.map { .number($0.value) }) }
    mutating func add(_ name: String, _ asked: Asked<Int>?) { add(name, asked.map { .number(JSONNumber($0.value)) }) }
    mutating func add(_ name: String, _ asked: Asked<[String]>?) {
        guard let asked, !asked.value.isEmpty else { return }
        add(name, .array(asked.value.map(JSONValue.string)))
    }
}

extension JSONValue {
    /// A tool call's arguments, an object.
    static func arguments(_ bytes: [UInt8]) -> JSONValue { (try? JSONValue(parsing: bytes)) ?? [:] }
}

extension ModelPart {
    /// Whether it is text that says nothing.
    var isBlankText: Bool {
        guard case .text(let text) = content else { return false }
        return text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }
}
