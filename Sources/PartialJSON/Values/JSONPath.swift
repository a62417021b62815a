/// One step into a value: into an object by name, into an array by index.
public enum JSONPathStep: Hashable, Sendable {
    case name(String)
    case index(Int)
}

extension JSONPathStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A step to the member of that name.
    public init(stringLiteral value: String) { self = .name(value) }
    /// A step to the element at that index, from 0.
    public init(integerLiteral value: Int) { self = .index(value) }
}

extension JSONValue {
    /// The value one step in; nil when there is none.
    public subscript(_ step: JSONPathStep) -> JSONValue? {
        switch step {
        case .name(let name): self[name]
        case .index(let index): self[index]
        }
    }

    /// The value at the end of a path; the empty one leads to this value itself.
    public subscript(path path: some Sequence<JSONPathStep>) -> JSONValue? {
        var value: JSONValue? = self
        for step in path { value = value?[step] }
        return value
    }
}
