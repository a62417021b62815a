/// Turns nodes into values and collects what is wrong instead of stopping at the first problem.
///
/// A message may quote what stands in the file, never what a variable put there, and neither for a secret.
struct ConfigurationDecoder {
    typealias Node = ConfigurationNode

    private(set) var problems: [ConfigurationProblem] = []
    private let environment: (String) -> String?

    init(environment: @escaping (String) -> String?) { self.environment = environment }

    mutating func report(_ message: String, at position: Node.Position) {
        problems.append(ConfigurationProblem(message, at: position))
    }

    mutating func add(_ problems: [ConfigurationProblem]) { self.problems += problems }

    /// Reads a mapping and reports the keys that are not among `known`.
    mutating func section(_ node: Node, path: String, known: [String]) -> ConfigurationSection? {
        guard let entries = entries(node, path: path, example: "\(known[0]): …") else { return nil }
        let place = path.isEmpty ? "" : " in `\(path)`"
        for entry in entries where !known.contains(entry.key) {
            let hint = NearestName.find(entry.key, among: known).map { "; did you mean `\($0)`? Known" } ?? "; known"
            report(
                "unknown key `\(entry.key)`\(place)\(hint) here: \(known.joined(separator: ", "))",
                at: entry.keyPosition)
        }
        return ConfigurationSection(path: path, position: node.position, entries: entries)
    }

    /// Reads a mapping whose keys are names that the user chose.
    mutating func entries(_ node: Node, path: String, example: String) -> [Node.Entry]? {
        guard case .mapping(let entries) = node.content else {
            let name = path.isEmpty ? "the configuration" : "`\(path)`"
            report("\(name) must be a mapping (\(example)), not \(node.kindInWords)", at: node.position)
            return nil
        }
        return entries
    }

    mutating func list(_ node: Node, path: String, example: String) -> [Node]? {
        guard case .sequence(let items) = node.content else {
            report("`\(path)` must be a list (\(example)), not \(node.kindInWords)", at: node.position)
            return nil
        }
        return items
    }

    /// A value with its variables replaced; `nil` and a report when it is none, or empty.
    mutating func text(_ node: Node, path: String) -> String? {
        guard case .scalar(let written, _) = node.content, !node.isNull else {
            report("`\(path)` must be a value, not \(node.kindInWords)", at: node.position)
            return nil
        }
        do {
            let text = try EnvironmentSubstitution.expand(written, environment: environment)
            if text.isEmpty { report("`\(path)` is empty", at: node.position) }
            return text.isEmpty ? nil : text
        } catch {
            switch error {
            case .unset(let name):
                report(
                    "`\(path)` needs the environment variable \(name), which is not set; set it, or write `$${` for a "
                        + "literal `${`", at: node.position)
            case .malformed:
                report(
                    "`\(path)` holds `${` without a variable's name and `}`; write `$${` for a literal `${`",
                    at: node.position)
            }
            return nil
        }
    }

    /// Whether what stands here came from a variable at least in part, and must not be quoted.
    func hasVariable(_ node: Node) -> Bool {
        guard case .scalar(let written, _) = node.content else { return false }
        return written.utf8.contains(UInt8(ascii: "$"))
    }

    /// Text that is sent as part of a header.
    mutating func secretText(_ node: Node, path: String) -> String? {
        guard let text = text(node, path: path) else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            report("`\(path)` must be visible ASCII, without spaces and line breaks", at: node.position)
            return nil
        }
        return text
    }

    /// What `text` reads, turned into a value; `expected` completes "must be …".
    mutating func value<Value>(
        _ node: Node, path: String, expected: String, _ read: (String) -> Value?
    ) -> Value? {
        guard let text = text(node, path: path) else { return nil }
        guard let value = read(text) else {
            report("`\(path)` must be \(expected)", at: node.position)
            return nil
        }
        return value
    }

    mutating func duration(_ node: Node, path: String) -> Duration? {
        let expected = "a duration with a unit, ms, s, m or h (for example 30s), above zero and at most 168h"
        return value(node, path: path, expected: expected, Quantity.duration)
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ node: Node, path: String, among choices: [Choice]
    ) -> Choice? {
        let names = choices.map(\.rawValue)
        return value(node, path: path, expected: names.joined(separator: " or ")) { text in
            names.contains(text) ? Choice(rawValue: text) : nil
        }
    }
}

/// A mapping whose keys were checked.
struct ConfigurationSection {
    let path: String
    let position: ConfigurationNode.Position
    let entries: [ConfigurationNode.Entry]

    subscript(_ key: String) -> ConfigurationNode? { entries.first { $0.key == key }?.value }

    /// A key's full name.
    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
