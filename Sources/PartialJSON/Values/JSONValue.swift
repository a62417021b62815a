/// A whole JSON value, for places where a tree is worth its allocations.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    /// A lone surrogate stands here as U+FFFD.
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value under `name`; nil when this is no object or has no such member.
    public subscript(_ name: String) -> JSONValue? { objectValue?[name] }

    /// The element at `index`; nil when this is no array or has none there.
    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// nil when this is no boolean.
    public var boolValue: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// nil when this is no number, or not one that `JSONNumber.int` gives.
    public var intValue: Int? { if case .number(let number) = self { number.int } else { nil } }

    /// nil when this is no number, or beyond the range of `Double`.
    public var doubleValue: Double? { if case .number(let number) = self { number.double } else { nil } }

    /// nil when this is no string.
    public var stringValue: String? { if case .string(let string) = self { string } else { nil } }

    /// nil when this is no array.
    public var arrayValue: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// nil when this is no object.
    public var objectValue: JSONObject? { if case .object(let object) = self { object } else { nil } }
}

extension JSONValue: Equatable {
    /// Strings are compared as code points, numbers by their digits, objects in order.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isSameText(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}
