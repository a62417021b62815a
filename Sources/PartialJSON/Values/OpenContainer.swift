/// An object or array whose closing bracket has not come yet.
struct OpenContainer: Equatable, Sendable {
    let isObject: Bool
    /// The name whose value comes next, in an object.
    var name = ""
    private(set) var members: [JSONObject.Member] = []
    private(set) var elements: [JSONValue] = []

    init(isObject: Bool) { self.isObject = isObject }

    var value: JSONValue { isObject ? .object(JSONObject(members)) : .array(elements) }

    mutating func add(_ value: JSONValue) {
        if isObject { members.append(JSONObject.Member(name: name, value: value)) } else { elements.append(value) }
    }

    /// The container as if `last` had been added; its own list is copied for that.
    func value(adding last: JSONValue?) -> JSONValue {
        guard let last else { return value }
        var copy = self
        copy.add(last)
        return copy.value
    }
}
