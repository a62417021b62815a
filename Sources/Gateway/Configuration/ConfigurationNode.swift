/// One value of a configuration file, with the place it was written at.
struct ConfigurationNode: Equatable, Sendable {
    /// A place in a file; both count from 1, columns in characters.
    struct Position: Comparable, Sendable {
        var line = 1
        var column = 1

        static func < (left: Position, right: Position) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    /// One `key: value` of a mapping.
    struct Entry: Equatable, Sendable {
        let key: String
        let keyPosition: Position
        let value: ConfigurationNode
    }

    enum Content: Equatable, Sendable {
        /// Text as written, `${NAME}` not yet replaced. Quotes are gone; `isQuoted` says that there were some.
        case scalar(String, isQuoted: Bool)
        case sequence([ConfigurationNode])
        /// In the order of the file, keys distinct.
        case mapping([Entry])
    }

    let position: Position
    let content: Content

    /// Whether this is YAML's way to say that nothing was written.
    var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What stands here, in words for an error message.
    var kindInWords: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
