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
    private var open: [OpenContainer] = []
    private(set) var root: JSONValue?

    mutating func accept(_ token: JSONToken, in text: Span<UInt8>) {
        switch token {
        case .objectStart: open.append(OpenContainer(isObject: true))
        case .arrayStart: open.append(OpenContainer(isObject: false))
        case .objectEnd, .arrayEnd: if let whole = open.popLast() { add(whole.value) }
        case .key(let name): open[open.count - 1].name = name.string(in: text)
        case .string(let content): add(.string(content.string(in: text)))
        case .number(let range):
            let digits = text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            add(.number(JSONNumber(validDigits: digits)))
        case .bool(let bool): add(.bool(bool))
        case .null: add(.null)
        case .end: break
        }
    }

    private mutating func add(_ value: JSONValue) {
        if open.isEmpty { root = value } else { open[open.count - 1].add(value) }
    }
}
