extension JSONValue {
    /// Parses one whole JSON text.
    ///
    /// - Throws: For anything but one value with whitespace around it, and past a limit.
    /// - Complexity: O(bytes); nesting costs no recursion.
    public init(parsing text: Span<UInt8>, limits: JSONLimits = .init()) throws(JSONError) {
        var tokenizer = JSONTokenizer(limits: limits)
        var tree = JSONTree()
        while true {
            let token = try tokenizer.next(in: text)
            if token == .end { break }
            tree.accept(token, in: text)
        }
        guard let root = tree.root else { throw .truncated(at: text.count) }
        self = root
    }

    /// Parses one whole JSON text.
    public init(parsing text: [UInt8], limits: JSONLimits = .init()) throws(JSONError) {
        self = try JSONValue(parsing: text.span, limits: limits)
    }
}

/// Builds a value out of tokens; the open containers are a stack of its own.
private struct JSONTree {
    private enum Container {
        case array([JSONValue])
        case object(JSONObject, name: String)
    }
    private var open: [Container] = []
    private(set) var root: JSONValue?

    mutating func accept(_ token: JSONToken, in text: Span<UInt8>) {
        switch token {
        case .objectStart: open.append(.object(JSONObject(), name: ""))
        case .arrayStart: open.append(.array([]))
        case .objectEnd, .arrayEnd: close()
        case .key(let name): beginMember(name.string(in: text))
        case .string(let content): add(.string(content.string(in: text)))
        case .number(let range):
            let digits = text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            add(.number(JSONNumber(validDigits: digits)))
        case .bool(let bool): add(.bool(bool))
        case .null: add(.null)
        case .end: break
        }
    }

    private mutating func beginMember(_ name: String) {
        guard case .object(let object, _)? = open.popLast() else { return }
        open.append(.object(object, name: name))
    }

    /// The container is taken off the stack while it changes, so that it is never copied.
    private mutating func add(_ value: JSONValue) {
        switch open.popLast() {
        case .array(var elements)?:
            elements.append(value)
            open.append(.array(elements))
        case .object(var object, let name)?:
            object.members.append(JSONObject.Member(name: name, value: value))
            open.append(.object(object, name: name))
        case nil: root = value
        }
    }

    private mutating func close() {
        switch open.popLast() {
        case .array(let elements)?: add(.array(elements))
        case .object(let object, _)?: add(.object(object))
        case nil: break
        }
    }
}
