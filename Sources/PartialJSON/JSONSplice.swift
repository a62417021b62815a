/// Changes top-level members of a raw JSON object and keeps every other byte: order, spacing, digits, unknown members.
public enum JSONSplice {
    /// One top-level member; ranges are offsets into the object's text.
    public struct Member: Equatable, Sendable {
        /// The name as written.
        public var name: JSONStringToken
        /// The value, without whitespace around it.
        public var valueRange: Range<Int>
        /// From the name's opening quote to the value's end.
        public var memberRange: Range<Int>
    }

    /// One change of `applying`.
    public typealias Edit = (name: String, value: [UInt8]?)

    /// The top-level members in order, duplicates included.
    ///
    /// - Throws: `notAnObject` for another value; the whole text is checked, so all that can be wrong with JSON too.
    /// - Complexity: O(bytes).
    public static func members(
        of object: Span<UInt8>, limits: JSONLimits = .init()
    ) throws(JSONError) -> [Member] {
        var tokenizer = JSONTokenizer(limits: limits)
        guard case .objectStart = try tokenizer.next(in: object) else {
            throw .notAnObject(at: JSONScan.whitespaceEnd(in: object, from: 0))
        }
        var members: [Member] = []
        while case .key(let name) = try tokenizer.next(in: object) {
            let value = try tokenizer.skipValue(in: object)
            let start = name.range.lowerBound - 1
            members.append(Member(name: name, valueRange: value, memberRange: start..<value.upperBound))
        }
        _ = try tokenizer.next(in: object)
        return members
    }

    /// The object with some members changed.
    ///
    /// - Parameters:
    ///   - edits: Names of top-level members with their new values, which have to be JSON; nil removes. All members
    ///     of that name are changed; one that is not there is appended behind the last. Of two edits with one name the
    ///     later counts.
    ///   - object: The object's text; whitespace around it is kept too.
    ///   - limits: What is accepted of it.
    /// - Returns: The new text.
    /// - Throws: As `members(of:)`.
    /// - Complexity: O(bytes + members × edits).
    public static func applying(
        _ edits: [Edit], to object: Span<UInt8>, limits: JSONLimits = .init()
    ) throws(JSONError) -> [UInt8] {
        applying(edits, to: object, members: try members(of: object, limits: limits))
    }

    /// The same for an object whose members are known.
    ///
    /// - Parameters:
    ///   - edits: As above.
    ///   - object: The text that `members` came from.
    ///   - members: What `members(of:)` found in it.
    /// - Returns: The new text.
    /// - Complexity: O(bytes + members × edits).
    public static func applying(_ edits: [Edit], to object: Span<UInt8>, members: [Member]) -> [UInt8] {
        let bodyStart = JSONScan.whitespaceEnd(in: object, from: 0) + 1
        let start = members.first?.memberRange.lowerBound ?? bodyStart
        var result = Splicing(head: object.extracting(0..<start), total: object.count + 64)
        for (index, member) in members.enumerated() {
            let end = index > 0 ? members[index - 1].memberRange.upperBound : start
            let separator = end..<member.memberRange.lowerBound
            guard let edit = edits.last(where: { member.isNamed($0.name, in: object) }) else {
                result.keep(object.extracting(member.memberRange), after: object.extracting(separator))
                continue
            }
            guard let value = edit.value else { continue }
            let name = member.memberRange.lowerBound..<member.valueRange.lowerBound
            result.keep(object.extracting(name), after: object.extracting(separator))
            result.bytes += value
        }
        for (index, edit) in edits.enumerated() {
            guard let value = edit.value, !members.contains(where: { $0.isNamed(edit.name, in: object) }),
                !edits[(index + 1)...].contains(where: { $0.name.isSameText(as: edit.name) })
            else { continue }
            result.append(edit.name, value)
        }
        result.bytes.append(copying: object.extracting((members.last?.memberRange.upperBound ?? start)..<object.count))
        return result.bytes
    }
}

/// An object being put together again.
private struct Splicing {
    var bytes: [UInt8] = []
    private var hasMember = false

    /// - Parameters:
    ///   - head: Everything before the first member.
    ///   - total: About how many bytes it will be.
    init(head: Span<UInt8>, total: Int) {
        bytes.reserveCapacity(total)
        bytes.append(copying: head)
    }

    /// Appends (the beginning of) a member as it was; a separator only where a member stands before it.
    mutating func keep(_ member: Span<UInt8>, after separator: Span<UInt8>) {
        if hasMember { bytes.append(copying: separator) }
        bytes.append(copying: member)
        hasMember = true
    }

    mutating func append(_ name: String, _ value: [UInt8]) {
        if hasMember { bytes.append(.comma) }
        bytes.appendJSON(string: name)
        bytes.append(.colon)
        bytes += value
        hasMember = true
    }
}

extension JSONSplice.Member {
    /// Whether the member has this name, whatever escapes it is written with.
    public func isNamed(_ name: String, in object: Span<UInt8>) -> Bool {
        guard self.name.isEscaped || self.name.range.count == name.utf8.count else { return false }
        var name = name
        return name.withUTF8 { self.name.equals($0.span, in: object) }
    }
}
