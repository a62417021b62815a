/// What stands behind a command: `--name value`, `--name=value`, flags, and everything else in order.
struct Options {
    private var values: [String: String] = [:]
    private var flags: Set<String> = []
    private(set) var positional: [String] = []
    private let given: [String]

    init(_ arguments: ArraySlice<String>) { given = Array(arguments) }

    /// Reads the arguments.
    ///
    /// - Parameters:
    ///   - valued: Options that take a value.
    ///   - known: Options that take none.
    /// - Throws: When an option is unknown, given twice or lacks its value.
    mutating func parse(valued: Set<String>, flags known: Set<String> = []) throws(CommandError) {
        var rest = given[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                positional.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if known.contains(name), parts.count == 1 {
                flags.insert(name)
            } else if valued.contains(name) {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw CommandError("--\(name) needs a value", status: 2)
                }
                guard values.updateValue(value, forKey: name) == nil else {
                    throw CommandError("--\(name) is given twice", status: 2)
                }
            } else {
                let all = valued.union(known).sorted().map { "--" + $0 }.joined(separator: ", ")
                throw CommandError("--\(name) is not known here; there is \(all)", status: 2)
            }
        }
    }

    subscript(_ name: String) -> String? { values[name] }

    func has(_ flag: String) -> Bool { flags.contains(flag) }
}

/// Why a command could not do its work.
struct CommandError: Error {
    let message: String
    /// What the process exits with: 2 for a wrong command line, 1 for everything else.
    let status: Int32

    init(_ message: String, status: Int32 = 1) { (self.message, self.status) = (message, status) }
}
