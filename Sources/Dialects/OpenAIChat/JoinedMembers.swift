import FreshetPartialJSON

/// Members that came piece by piece: strings and arrays that grow, objects whose members do, and else the last value
/// that is not null. O(bytes), however many there are.
struct JoinedMembers: Sendable {
    private(set) var members: [JSONObject.Member] = []
    private var places: [String: Int] = [:]

    /// Nothing yet.
    init() {}

    subscript(_ name: String) -> JSONValue? { places[name].map { members[$0].value } }

    /// Takes one more member.
    ///
    /// - Parameters:
    ///   - raw: `"name":value`.
    ///   - joining: Whether strings are put one behind the other; else the last one holds.
    mutating func join(_ raw: ArraySlice<UInt8>, joining: Bool) {
        let document = [0x7B] + raw + [0x7D]
        guard let member = (try? JSONValue(parsing: document))?.objectValue?.members.first else { return }
        join(member, joining: joining)
    }

    private mutating func join(_ member: JSONObject.Member, joining: Bool) {
        if let place = places[member.name] {
            Self.join(member.value, to: &members[place].value, joining: joining)
        } else {
            places[member.name] = members.count
            members.append(member)
        }
    }

    /// In place: what grows is taken out of the value meanwhile, so that its elements are not copied every time.
    private static func join(_ new: JSONValue, to value: inout JSONValue, joining: Bool) {
        switch new {
        case .null: return
        case .string(let more):
            guard joining, case .string(var text) = value else { break }
            value = .null
            text += more
            value = .string(text)
            return
        case .array(let more):
            guard case .array(var elements) = value else { break }
            value = .null
            elements += more
            value = .array(elements)
            return
        case .object(let more):
            guard case .object(var object) = value else { break }
            value = .null
            join(more, to: &object, joining: joining)
            value = .object(object)
            return
        case .bool, .number: break
        }
        value = new
    }

    /// Log probabilities: `content` and `refusal` are arrays that grow.
    private static func join(_ new: JSONObject, to object: inout JSONObject, joining: Bool) {
        guard new.members.count > few else {
            for member in new.members {
                if let place = object.members.firstIndex(where: { $0.name == member.name }) {
                    join(member.value, to: &object.members[place].value, joining: joining)
                } else {
                    object.members.append(member)
                }
            }
            return
        }
        var joined = JoinedMembers()
        for member in object.members + new.members { joined.join(member, joining: joining) }
        object = JSONObject(joined.members)
    }

    /// Up to here looking through the names is cheaper than hashing them.
    private static let few = 16
}
