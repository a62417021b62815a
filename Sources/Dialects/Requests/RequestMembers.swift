import FreshetGeneration
import FreshetPartialJSON

/// What becomes of each member of a client's request on its way to a provider of another dialect; `docs/dialects.md` shows
/// the same lists.
package struct RequestMembers: Sendable {
    /// What becomes of a member.
    package enum Fate: Equatable, Sendable {
        /// It is read; whether the provider's dialect has a place for it, the writer knows.
        case read
        /// It is left out: a hint whose loss changes no answer, or a matter between the client and its own vendor.
        case dropped
        /// An error names it, unless its value says what holds without it.
        case refused
    }

    /// The dialect as people call it.
    let name: String
    /// By the member's name.
    package let fates: [String: Fate]
    /// Texts of values that say what holds without the member, such as `false`, by its name; null always does.
    let neutral: [String: [JSONValue]]
    /// Whether the same member may be named in snake_case.
    var takesSnakeCase = false

    init(
        _ name: String, read: [String], dropped: [String], refused: [String], neutral: [String: [JSONValue]] = [:],
        takesSnakeCase: Bool = false
    ) {
        var fates: [String: Fate] = [:]
        for name in read { fates[name] = .read }
        for name in dropped { fates[name] = .dropped }
        for name in refused { fates[name] = .refused }
        (self.name, self.fates, self.neutral, self.takesSnakeCase) = (name, fates, neutral, takesSnakeCase)
    }

    /// - Parameter object: Whose members are looked at.
    /// - Throws: For a member that is refused or not known.
    func check(_ object: RequestField) throws(RequestError) {
        var names: [String: String] = [:]
        for member in try object.requiredObject().value.objectValue?.members ?? [] where !member.value.isNull {
            let known = takesSnakeCase ? Self.camelCased(member.name) : member.name
            if let other = names.updateValue(member.name, forKey: known), other != member.name {
                throw RequestError(object.path(of: member.name), "stands there as `\(other)` too: leave one out")
            }
            switch fates[known] {
            case .read, .dropped: continue
            case .refused:
                if neutral[known]?.contains(member.value) == true { continue }
                throw RequestError(
                    object.path(of: member.name), "has no place at a provider of another dialect: \(advice)")
            case nil:
                throw RequestError(object.path(of: member.name), problem(ofUnknown: object.path(of: member.name)))
            }
        }
    }

    private func problem(ofUnknown path: String) -> String {
        path == "parent"
            ? "has no place in \(name): requests that go on from a generation are native, POST /v1/generations"
            : "is not known and cannot be translated: \(advice)"
    }

    private var advice: String { "leave it out, or ask a model whose provider speaks \(name)" }

    private static func camelCased(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        let words = name.split(separator: "_")
        guard let first = words.first else { return name }
        return words.dropFirst().reduce(String(first)) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}
