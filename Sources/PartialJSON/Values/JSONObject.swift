/// The members of an object in the order in which they stood, duplicates included.
public struct JSONObject: Equatable, Sendable {
    /// A name and its value.
    public struct Member: Equatable, Sendable {
        /// What the name says, its escapes resolved.
        public var name: String
        /// What stands under it.
        public var value: JSONValue

        /// A member of that name.
        public init(name: String, value: JSONValue) { (self.name, self.value) = (name, value) }

        /// Names are compared as code points.
        public static func == (left: Self, right: Self) -> Bool {
            left.name.isSameText(as: right.name) && left.value == right.value
        }
    }

    /// Objects are equal when these are, their order included.
    public var members: [Member]

    /// An object of these members.
    public init(_ members: [Member] = []) { self.members = members }

    /// The value under `name`, the last one of duplicates; names are compared as code points. Setting replaces all
    /// of them (the first keeps its place), appends where there is none, and removes with nil.
    ///
    /// - Complexity: O(members).
    public subscript(_ name: String) -> JSONValue? {
        get { members.last { $0.name.isSameText(as: name) }?.value }
        set {
            let first = members.firstIndex { $0.name.isSameText(as: name) }
            guard let newValue else { return members.removeAll { $0.name.isSameText(as: name) } }
            guard let first else { return members.append(Member(name: name, value: newValue)) }
            members[first].value = newValue
            let duplicates = members[(first + 1)...].indices.filter { members[$0].name.isSameText(as: name) }
            for index in duplicates.reversed() { members.remove(at: index) }
        }
    }
}

extension String {
    /// `==` takes é and e + U+0301 for the same; JSON does not.
    func isSameText(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
