/// One thing wrong in a configuration file.
package struct ConfigurationProblem: Error, Equatable, Sendable {
    /// Line and column, both from 1.
    package let line: Int
    /// In characters.
    package let column: Int
    /// Names the key and the fix; never holds a value that came from the environment, nor a secret.
    package let message: String

    init(_ message: String, at position: ConfigurationNode.Position) {
        (line, column) = (position.line, position.column)
        self.message = message
    }
}

/// Everything found wrong in one configuration file, in the order of its lines.
package struct ConfigurationErrors: Error, Equatable, Sendable, CustomStringConvertible {
    /// As it was given.
    package let file: String
    /// Empty when the file could not be read at all.
    package let problems: [ConfigurationProblem]
    private let unreadable: String?

    init(file: String, problems: [ConfigurationProblem]) {
        self.file = file
        self.problems = problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        unreadable = nil
    }

    init(file: String, unreadable reason: String) {
        self.file = file
        problems = []
        unreadable = reason
    }

    /// One line a problem: `FILE:LINE:COLUMN: message`.
    package var description: String {
        if let unreadable { return "\(file): \(unreadable)" }
        return problems.map { "\(file):\($0.line):\($0.column): \($0.message)" }.joined(separator: "\n")
    }
}
