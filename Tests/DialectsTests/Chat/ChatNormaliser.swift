import FreshetPartialJSON

/// What two lists of Chat chunks may differ in and still be the same answer; applied to both before they are compared.
///
/// 1. `obfuscation` is removed: random padding;
/// 2. a role, tool call id, type or function name that repeats the one already given for its choice (and tool call
///    index) is blanked: some providers repeat them, the grammar gives each once;
/// 3. a chunk in which then nothing is left that says anything is dropped.
///
/// Null and absent are one, and the order of members is none, as for the official clients.
struct ChatNormaliser {
    private static let envelope: Set<String> = [
        "id", "object", "created", "model", "system_fingerprint", "service_tier",
    ]
    private var given: [String: JSONValue] = [:]

    static func normalised(_ chunks: [JSONValue]) -> [JSONValue] {
        var normaliser = ChatNormaliser()
        return chunks.map { Self.sorted(normaliser.blanked($0)) }.filter(saysSomething)
    }

    private mutating func blanked(_ chunk: JSONValue) -> JSONValue {
        guard var object = chunk.objectValue else { return chunk }
        object["obfuscation"] = nil
        if let choices = object["choices"]?.arrayValue { object["choices"] = .array(choices.map { choice($0) }) }
        return .object(object)
    }

    private mutating func choice(_ value: JSONValue) -> JSONValue {
        guard var choice = value.objectValue, var delta = choice["delta"]?.objectValue else { return value }
        let place = "\(choice["index"]?.intValue ?? 0)"
        once("role", &delta, place)
        if let calls = delta["tool_calls"]?.arrayValue {
            delta["tool_calls"] = .array(calls.map { call($0, place) })
        }
        choice["delta"] = .object(delta)
        return .object(choice)
    }

    private mutating func call(_ value: JSONValue, _ choice: String) -> JSONValue {
        guard var call = value.objectValue else { return value }
        let place = "\(choice).\(call["index"]?.intValue ?? -1)"
        once("id", &call, place)
        once("type", &call, place)
        if var function = call["function"]?.objectValue {
            once("name", &function, place)
            call["function"] = .object(function)
        }
        return .object(call)
    }

    private mutating func once(_ member: String, _ holder: inout JSONObject, _ place: String) {
        guard let value = holder[member], !value.isNull else { return }
        if given["\(place) \(member)"] == value { holder[member] = nil }
        given["\(place) \(member)"] = value
    }

    private static func saysSomething(_ chunk: JSONValue) -> Bool {
        (chunk.objectValue?.members ?? []).contains { !envelope.contains($0.name) && isTelling($0.value) }
    }

    private static func isTelling(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let object): object.members.contains { $0.name != "index" && isTelling($0.value) }
        case .array(let elements): elements.contains(where: isTelling)
        case .string(let string): !string.isEmpty
        case .null: false
        case .number, .bool: true
        }
    }

    /// Members in order of name, those that are null left out.
    static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            let members = object.members.filter { !$0.value.isNull }.sorted { $0.name < $1.name }
            return .object(JSONObject(members.map { .init(name: $0.name, value: sorted($0.value)) }))
        case .array(let elements): return .array(elements.map(sorted))
        case .null, .bool, .number, .string: return value
        }
    }
}
