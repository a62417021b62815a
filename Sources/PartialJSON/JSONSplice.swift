/// Changes top-level members of a raw JSON object and keeps every other byte: order, spacing, digits, unknown members.
public enum JSONSplice {
    /// One top-level member; ranges are offsets into the object's text.
    public struct Member: Equatable, Sendable {
        public var name: JSONStringToken
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
    /// - Parameter edits: Names of top-level members with their new values, which have to be JSON; nil removes. All
    ///   members of that name are changed; one that is not there is appended behind the last. Of two edits with one
    ///   name the later counts.
    /// - Throws: As `members(of:)`.
    /// - Complexity: O(bytes + members × edits).
    public static func applying(
        _ edits: [Edit], to object: Span<UInt8>, limits: JSONLimits = .init()
    ) throws(JSONError) -> [UInt8] {
        let members = try members(of: object, limits: limits)
        let edits = edits.indices.filter { index in !edits[(index + 1)...].contains { $0.name.isSameText(as: edits[index].name) } }
            .map { edits[$0] }
        let start = members.first?.memberRange.lowerBound ?? JSONScan.whitespaceEnd(in: object, from: 0) + 1
        var end = start
        var out: [UInt8] = []
        out.reserveCapacity(object.count + edits.reduce(0) { $0 + $1.name.utf8.count + 4 + ($1.value?.count ?? 0) })
        out.append(copying: object.extracting(0..<start))
        var absent = edits
        var isFirst = true
        for member in members {
            let separator = end..<member.memberRange.lowerBound
            end = member.memberRange.upperBound
            let edit = edits.first { member.isNamed($0.name, in: object) }
            if let edit {
                absent.removeAll { $0.name.isSameText(as: edit.name) }
                if edit.value == nil { continue }
            }
            if !isFirst { out.append(copying: object.extracting(separator)) }
            isFirst = false
            let kept = edit == nil ? member.memberRange : member.memberRange.lowerBound..<member.valueRange.lowerBound
            out.append(copying: object.extracting(kept))
            if let value = edit?.value { out.append(contentsOf: value) }
        }
        for edit in absent {
            guard let value = edit.value else { continue }
            if !isFirst { out.append(.comma) }
            isFirst = false
            out.appendJSON(string: edit.name)
            out.append(.colon)
            out.append(contentsOf: value)
        }
        out.append(copying: object.extracting(end..<object.count))
        return out
    }
}

extension JSONSplice.Member {
    /// Whether the member has this name, whatever escapes it is written with.
    public func isNamed(_ name: String, in object: Span<UInt8>) -> Bool {
        var name = name
        return name.withUTF8 { self.name.equals($0.span, in: object) }
    }
}
