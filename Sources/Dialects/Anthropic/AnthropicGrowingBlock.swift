import FreshetPartialJSON

/// A block that is put together of its start and its deltas.
struct AnthropicGrowingBlock {
    private struct Member {
        let name: String
        var value: JSONValue
        /// Holds in place of `value` once there is more of it: text that grows in place is not copied for each piece.
        var text: String?
    }

    private var members: [Member] = []
    /// By the name's bytes: strings are equal to others of the same letters.
    private var places: [[UInt8]: Int] = [:]

    init(_ start: JSONObject) { for member in start.members { set(member) } }

    var object: JSONObject {
        JSONObject(members.map { .init(name: $0.name, value: $0.text.map(JSONValue.string) ?? $0.value) })
    }

    /// The delta's own `type` is not the block's.
    mutating func add(_ delta: JSONObject) {
        for member in delta.members where member.name != "type" {
            guard let place = places[Array(member.name.utf8)], let more = member.value.stringValue,
                let known = members[place].value.stringValue
            else {
                set(member)
                continue
            }
            if members[place].text == nil { members[place].text = known }
            members[place].text?.append(more)
        }
    }

    private mutating func set(_ member: JSONObject.Member) {
        let name = Array(member.name.utf8)
        if let place = places[name] {
            (members[place].value, members[place].text) = (member.value, nil)
        } else {
            places[name] = members.count
            members.append(Member(name: member.name, value: member.value))
        }
    }
}
