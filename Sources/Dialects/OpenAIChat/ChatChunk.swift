import FreshetGeneration
import FreshetPartialJSON

/// Where the parts of one Chat chunk lie in its JSON: found in one pass that changes nothing, so that a chunk which
/// turns out broken leaves no trace. Its arrays are reused from chunk to chunk.
///
/// A `chat.completion`, the answer of a provider that does not stream, is read as one big chunk: `message` for `delta`.
struct ChatChunk {
    struct Choice {
        var index = 0
        /// The member `role`, name and value.
        var role: Range<Int>?
        var content: JSONStringToken?
        var refusal: JSONStringToken?
        var reasoning: JSONStringToken?
        /// Where the reasoning's member name lies.
        var reasoningName: JSONStringToken?
        /// The raw value of a `content` that is a list of parts; what they say is in `ChatChunk.parts`.
        var contentParts: Range<Int>?
        var finish: JSONStringToken?
        /// Whether anything but empty and null members stood in it.
        var isTelling = false
    }

    /// What one part of a `content` list says.
    struct Part {
        var choice: Int
        var kind: BlockKind
        var token: JSONStringToken
    }

    struct ToolCall {
        var choice = 0
        var index: Int?
        var id: JSONStringToken?
        var name: JSONStringToken?
        var arguments: JSONStringToken?
    }

    /// A member without a place in our events; `owner` counts choices or tool calls in order of appearance.
    struct Member {
        var anchor: ChatAnchor
        var owner: Int
        var range: Range<Int>
        /// Whether its value is null, empty or what every chunk says.
        var isEmpty: Bool
        /// The member's name and kind, where it is a text that says nothing here.
        var silent: (name: JSONStringToken, kind: BlockKind)?
    }

    /// Choices of one chunk: as many as a request may ask for.
    private static let choiceLimit = 128

    var id: JSONStringToken?
    var model: JSONStringToken?
    var created: Range<Int>?
    /// Raw bytes of the members above, name and value.
    var idMember: Range<Int>?
    var modelMember: Range<Int>?
    var createdMember: Range<Int>?
    var usage: Range<Int>?
    var error: Range<Int>?
    var choices: [Choice] = []
    var parts: [Part] = []
    var toolCalls: [ToolCall] = []
    var members: [Member] = []
    /// `"object":"error"`, as some servers report errors.
    var isErrorObject = false
    private let limits: JSONLimits
    private var json: JSONTokenizer
    private var beginning = Beginning()

    init(limits: JSONLimits = .init()) {
        self.limits = limits
        json = JSONTokenizer(limits: limits)
    }

    /// What stands before the choices: from chunk to chunk mostly the same bytes, which are read once.
    private struct Beginning {
        static let limit = 2 << 10
        /// Through `"choices":`; empty when there is none to go on from.
        var bytes: [UInt8] = []
        /// The state behind them.
        var json = JSONTokenizer()
        var id: JSONStringToken?
        var model: JSONStringToken?
        var created: Range<Int>?
        var idMember: Range<Int>?
        var modelMember: Range<Int>?
        var createdMember: Range<Int>?
        var members = 0
    }

    /// Reads one chunk's JSON.
    mutating func scan(_ text: Span<UInt8>) throws(FrameError) {
        if goOnFromBeginning(text) {
            try readChoices(text)
        } else {
            clear()
            guard try next(text) == .objectStart else { throw .unexpectedForm }
        }
        while case .key(let name) = try next(text) { try chunkMember(name, text) }
        guard try next(text) == .end else { throw .unexpectedForm }
    }

    private mutating func clear() {
        (id, model, created, idMember, modelMember, createdMember) = (nil, nil, nil, nil, nil, nil)
        clearChoices()
        members.removeAll(keepingCapacity: true)
        beginning.bytes.removeAll(keepingCapacity: true)
        json = JSONTokenizer(limits: limits)
    }

    private mutating func clearChoices() {
        (usage, error, isErrorObject) = (nil, nil, false)
        choices.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        toolCalls.removeAll(keepingCapacity: true)
    }

    /// Keeps what stands before the first choices of a chunk.
    private mutating func keepBeginning(_ text: Span<UInt8>) {
        guard beginning.bytes.isEmpty, choices.isEmpty, usage == nil, error == nil, !isErrorObject,
            json.position <= Beginning.limit
        else { return }
        text.extracting(first: json.position).withUnsafeBufferPointer { beginning.bytes.append(contentsOf: $0) }
        (beginning.json, beginning.members) = (json, members.count)
        (beginning.id, beginning.model, beginning.created) = (id, model, created)
        (beginning.idMember, beginning.modelMember, beginning.createdMember) = (idMember, modelMember, createdMember)
    }

    /// - Returns: Whether the chunk begins as the one before: then all is as it was in front of the choices.
    private mutating func goOnFromBeginning(_ text: Span<UInt8>) -> Bool {
        let count = beginning.bytes.count
        guard count > 0, text.count > count, beginning.bytes.span.equals(text.extracting(first: count)) else {
            return false
        }
        clearChoices()
        members.removeLast(members.count - beginning.members)
        json = beginning.json
        (id, model, created) = (beginning.id, beginning.model, beginning.created)
        (idMember, modelMember, createdMember) = (beginning.idMember, beginning.modelMember, beginning.createdMember)
        return true
    }

    private mutating func readChoices(_ text: Span<UInt8>) throws(FrameError) {
        try eachElement(text) { (chunk: inout ChatChunk) throws(FrameError) in try chunk.choice(text) }
    }

    private mutating func next(_ text: Span<UInt8>) throws(FrameError) -> JSONToken {
        do { return try json.next(in: text) } catch { throw .notJSON }
    }

    private mutating func skip(_ text: Span<UInt8>) throws(FrameError) -> Range<Int> {
        do { return try json.skipValue(in: text) } catch { throw .notJSON }
    }

    /// Takes the value of a member that should be a string: nil when it is null.
    private mutating func string(_ text: Span<UInt8>) throws(FrameError) -> JSONStringToken? {
        switch try next(text) {
        case .string(let token): return token
        case .null: return nil
        default: throw .unexpectedForm
        }
    }

    // MARK: Levels

    private mutating func chunkMember(_ name: JSONStringToken, _ text: Span<UInt8>) throws(FrameError) {
        let start = name.range.lowerBound - 1
        if name.equals("choices", in: text) {
            keepBeginning(text)
            try readChoices(text)
        } else if name.equals("id", in: text) {
            id = try string(text)
            idMember = start..<json.position
        } else if name.equals("model", in: text) {
            model = try string(text)
            modelMember = start..<json.position
        } else if name.equals("created", in: text) {
            created = try skip(text)
            createdMember = start..<json.position
        } else if name.equals("usage", in: text) {
            usage = try skip(text)
        } else if name.equals("error", in: text) {
            let range = try skip(text)
            if !text.isEmptyValue(at: range) { error = range }
        } else if name.equals("object", in: text) {
            try object(start, text)
        } else if name.equals("obfuscation", in: text) {
            _ = try skip(text)  // padding against traffic analysis, of no use behind the first reader
        } else {
            try extra(.chunk, owner: 0, start, text)
        }
    }

    private mutating func object(_ start: Int, _ text: Span<UInt8>) throws(FrameError) {
        let range = try skip(text)
        if Self.equals(range, "\"chat.completion.chunk\"", text) || Self.equals(range, "\"chat.completion\"", text) {
            return
        }
        isErrorObject = Self.equals(range, "\"error\"", text)
        members.append(Member(anchor: .chunk, owner: 0, range: start..<range.upperBound, isEmpty: true))
    }

    private mutating func choice(_ text: Span<UInt8>) throws(FrameError) {
        guard choices.count < Self.choiceLimit else { throw .limitExceeded }
        choices.append(Choice(index: choices.count))
        let place = choices.count - 1
        var hasDelta = false
        var message: (place: JSONTokenizer, member: Range<Int>)?
        while case .key(let name) = try next(text) {
            let start = name.range.lowerBound - 1
            if name.equals("delta", in: text) {
                hasDelta = true
                try delta(place, text)
            } else if name.equals("message", in: text) {
                let before = json
                message = (before, start..<(try skip(text)).upperBound)
            } else if name.equals("index", in: text) {
                guard let index = try number(text) else { continue }
                guard index < Self.choiceLimit else { throw .limitExceeded }
                choices[place].index = index
            } else if name.equals("finish_reason", in: text) {
                // Some servers say "" for not yet.
                choices[place].finish = try string(text).flatMap { $0.range.isEmpty ? nil : $0 }
            } else {
                try extra(.choice, owner: place, start, text)
            }
        }
        guard let message else { return }
        if hasDelta {
            // Some servers repeat beside each delta the message so far.
            members.append(Member(anchor: .choice, owner: place, range: message.member, isEmpty: false))
        } else {
            let after = json
            json = message.place
            try delta(place, text)
            json = after
        }
    }

    private mutating func delta(_ place: Int, _ text: Span<UInt8>) throws(FrameError) {
        switch try next(text) {
        case .objectStart: while case .key(let name) = try next(text) { try deltaMember(name, place, text) }
        case .null: break
        default: throw .unexpectedForm
        }
    }

    private mutating func deltaMember(
        _ name: JSONStringToken, _ place: Int, _ text: Span<UInt8>
    ) throws(FrameError) {
        let start = name.range.lowerBound - 1
        if name.equals("content", in: text) {
            try content(place, name, text)
        } else if name.equals("refusal", in: text) {
            choices[place].refusal = try shown(.refusal, place, name, text)
        } else if choices[place].reasoning == nil,
            name.equals("reasoning_content", in: text) || name.equals("reasoning", in: text)
        {
            choices[place].reasoning = try shown(.reasoning, place, name, text)
            if choices[place].reasoning != nil { choices[place].reasoningName = name }
        } else if name.equals("tool_calls", in: text) {
            try eachElement(text) { (chunk: inout ChatChunk) throws(FrameError) in try chunk.toolCall(place, text) }
        } else if name.equals("role", in: text) {
            if try string(text) != nil { choices[place].role = start..<json.position }
        } else {
            try extra(.delta, owner: place, start, text)
        }
    }

    private mutating func content(
        _ place: Int, _ name: JSONStringToken, _ text: Span<UInt8>
    ) throws(FrameError) {
        let before = json
        guard try next(text) == .arrayStart else {
            json = before
            choices[place].content = try shown(.text, place, name, text)
            return
        }
        let first = json.position - 1
        json = before
        try eachElement(text) { (chunk: inout ChatChunk) throws(FrameError) in try chunk.contentPart(place, text) }
        choices[place].contentParts = first..<json.position
        choices[place].isTelling = true
    }

    /// `{"type":"text","text":…}`, or `{"type":"thinking","thinking":[{"type":"text","text":…}]}`.
    private mutating func contentPart(_ place: Int, _ text: Span<UInt8>) throws(FrameError) {
        while case .key(let name) = try next(text) {
            if name.equals("text", in: text) {
                try append(.text, place, text)
            } else if name.equals("thinking", in: text) {
                try thinking(place, text)
            } else {
                _ = try skip(text)
            }
        }
    }

    private mutating func thinking(_ place: Int, _ text: Span<UInt8>) throws(FrameError) {
        let before = json
        if case .string = try next(text) {
            json = before
            return try append(.reasoning, place, text)
        }
        json = before
        try eachElement(text) { (chunk: inout ChatChunk) throws(FrameError) in
            while case .key(let name) = try chunk.next(text) {
                if name.equals("text", in: text) {
                    try chunk.append(.reasoning, place, text)
                } else {
                    _ = try chunk.skip(text)
                }
            }
        }
    }

    private mutating func append(_ kind: BlockKind, _ place: Int, _ text: Span<UInt8>) throws(FrameError) {
        guard let token = try string(text), !token.range.isEmpty else { return }
        parts.append(Part(choice: place, kind: kind, token: token))
    }

    private mutating func toolCall(_ choice: Int, _ text: Span<UInt8>) throws(FrameError) {
        toolCalls.append(ToolCall(choice: choice))
        let place = toolCalls.count - 1
        while case .key(let name) = try next(text) {
            let start = name.range.lowerBound - 1
            if name.equals("index", in: text) {
                toolCalls[place].index = try number(text)
            } else if name.equals("id", in: text) {
                toolCalls[place].id = try string(text)
            } else if name.equals("type", in: text) {
                _ = try skip(text)
            } else if name.equals("function", in: text) {
                try function(place, text)
            } else {
                try extra(.toolCall, owner: place, start, text)
            }
        }
    }

    private mutating func function(_ place: Int, _ text: Span<UInt8>) throws(FrameError) {
        switch try next(text) {
        case .objectStart: break
        case .null: return
        default: throw .unexpectedForm
        }
        while case .key(let name) = try next(text) {
            if name.equals("name", in: text) {
                toolCalls[place].name = try string(text)
            } else if name.equals("arguments", in: text) {
                toolCalls[place].arguments = try string(text)
            } else {
                _ = try skip(text)
            }
        }
    }

    // MARK: Values

    /// Calls `element` behind the opening brace of each object of an array; null is an empty array.
    private mutating func eachElement(
        _ text: Span<UInt8>, _ element: (inout ChatChunk) throws(FrameError) -> Void
    ) throws(FrameError) {
        switch try next(text) {
        case .arrayStart: break
        case .null: return
        default: throw .unexpectedForm
        }
        while true {
            switch try next(text) {
            case .objectStart: try element(&self)
            case .arrayEnd: return
            default: throw .unexpectedForm
            }
        }
    }

    /// A string that readers are shown; an empty or null one is kept as a member like any other.
    private mutating func shown(
        _ kind: BlockKind, _ owner: Int, _ name: JSONStringToken, _ text: Span<UInt8>
    ) throws(FrameError) -> JSONStringToken? {
        let token: JSONStringToken?
        switch try next(text) {
        case .string(let string): token = string
        case .null: token = nil
        default: throw .unexpectedForm
        }
        if let token, !token.range.isEmpty {
            choices[owner].isTelling = true
            return token
        }
        let range = name.range.lowerBound - 1..<json.position
        members.append(
            Member(anchor: .delta, owner: owner, range: range, isEmpty: true, silent: (name: name, kind: kind)))
        return nil
    }

    /// Whether a text that is empty here is said in another place of the chunk, for the same choice and by the same
    /// name: a server that speaks of a choice twice would have its client read the member twice.
    func isSaidElsewhere(_ member: Member, _ text: Span<UInt8>) -> Bool {
        guard let (name, kind) = member.silent else { return false }
        let index = choices[member.owner].index
        return choices.contains { choice in
            guard choice.index == index else { return false }
            switch kind {
            case .text: return choice.content != nil || choice.contentParts != nil
            case .refusal: return choice.refusal != nil
            case .reasoning: return choice.reasoningName.map { $0.range.count == name.range.count } ?? false
            case .toolInput: return false
            }
        }
    }

    private mutating func extra(
        _ anchor: ChatAnchor, owner: Int, _ start: Int, _ text: Span<UInt8>
    ) throws(FrameError) {
        let value = try skip(text)
        members.append(
            Member(anchor: anchor, owner: owner, range: start..<value.upperBound, isEmpty: text.isEmptyValue(at: value))
        )
    }

    private mutating func number(_ text: Span<UInt8>) throws(FrameError) -> Int? {
        switch try next(text) {
        case .number(let range):
            guard let value = text.wholeNumber(at: range), (0..<1 << 16).contains(value) else { throw .unexpectedForm }
            return Int(value)
        case .null: return nil
        default: throw .unexpectedForm
        }
    }

    private static func equals(_ range: Range<Int>, _ literal: StaticString, _ text: Span<UInt8>) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        for place in 0..<range.count where text[range.lowerBound + place] != literal.utf8Start[place] { return false }
        return true
    }
}
