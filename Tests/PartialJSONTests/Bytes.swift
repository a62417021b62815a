import FreshetPartialJSON

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// All tokens but `end`.
func tokens(of text: [UInt8], limits: JSONLimits = .init()) throws(JSONError) -> [JSONToken] {
    var tokenizer = JSONTokenizer(limits: limits)
    var tokens: [JSONToken] = []
    while true {
        let token = try tokenizer.next(in: text.span)
        if token == .end { return tokens }
        tokens.append(token)
    }
}

/// Receives a text in pieces.
func growing(_ text: [UInt8], plan: [Range<Int>]? = nil, limits: JSONLimits = .init()) -> GrowingJSON {
    var growing = GrowingJSON(limits: limits)
    for range in plan ?? [0..<text.count] { growing.receive(text.span.extracting(range)) }
    return growing
}

// `#expect` cannot take spans as arguments.
extension JSONTokenizer {
    mutating func next(in text: [UInt8]) throws(JSONError) -> JSONToken { try next(in: text.span) }
    mutating func skipValue(in text: [UInt8]) throws(JSONError) -> Range<Int> { try skipValue(in: text.span) }
}

extension JSONStringToken {
    func equals(_ name: StaticString, in text: [UInt8]) -> Bool { equals(name, in: text.span) }
    func string(in text: [UInt8]) -> String { string(in: text.span) }
}
