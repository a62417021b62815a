import FreshetPartialJSON

/// One piece of a call's arguments that come piece by piece: a value, or a part of a string, and where it belongs.
struct GeminiPartialArgument {
    enum Value {
        /// More of a string.
        case string(JSONStringToken)
        /// A number or a boolean: its raw digits or word.
        case raw(Range<Int>)
        case null
    }

    var path: [GeminiArgumentPath.Step]
    /// Nil for a piece that says nothing.
    var value: Value?
    /// Whether more of this string follows.
    var willContinue: Bool
}

/// The paths that lead to arguments: `$.operations[0].action`, `$['a name'][2]`.
enum GeminiArgumentPath {
    enum Step: Equatable {
        /// A member's name, unescaped.
        case name([UInt8])
        case index(Int)

        var isIndex: Bool { if case .index = self { true } else { false } }
    }

    /// Steps of one path: as deep as JSON may be.
    private static let limit = 100
    /// Elements of one array.
    private static let indexLimit = 1 << 20

    /// The steps of a path; nil for anything but a path to a member or an element.
    static func steps(of token: JSONStringToken, in text: Span<UInt8>) -> [Step]? {
        var path: [UInt8] = []
        token.appendUnescaped(from: text, to: &path)
        guard path.first == UInt8(ascii: "$") else { return nil }
        var (steps, at): ([Step], Int) = ([], 1)
        while at < path.count {
            guard steps.count < limit, let step = step(path, &at) else { return nil }
            steps.append(step)
        }
        return steps.isEmpty ? nil : steps
    }

    private static func step(_ path: [UInt8], _ at: inout Int) -> Step? {
        if path[at] == UInt8(ascii: ".") {
            let start = at + 1
            at = start
            while at < path.count, path[at] != UInt8(ascii: "."), path[at] != UInt8(ascii: "[") { at += 1 }
            return at > start ? .name(Array(path[start..<at])) : nil
        }
        guard path[at] == UInt8(ascii: "["), at + 1 < path.count else { return nil }
        at += 1
        if path[at] == UInt8(ascii: "'") || path[at] == UInt8(ascii: "\"") { return quoted(path, &at) }
        var index = 0
        let start = at
        while at < path.count, (0x30...0x39).contains(path[at]), index <= indexLimit {
            index = index * 10 + Int(path[at] - 0x30)
            at += 1
        }
        guard at > start, at < path.count, path[at] == UInt8(ascii: "]"), index < indexLimit else { return nil }
        at += 1
        return .index(index)
    }

    private static func quoted(_ path: [UInt8], _ at: inout Int) -> Step? {
        let quote = path[at]
        var name: [UInt8] = []
        at += 1
        while at < path.count, path[at] != quote {
            if path[at] == UInt8(ascii: "\\"), at + 1 < path.count { at += 1 }
            name.append(path[at])
            at += 1
        }
        guard at + 1 < path.count, path[at + 1] == UInt8(ascii: "]") else { return nil }
        at += 2
        return .name(name)
    }
}
