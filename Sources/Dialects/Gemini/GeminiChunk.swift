import FreshetGeneration
import FreshetPartialJSON

/// Where the parts of one `GenerateContentResponse` lie in its JSON: found in one pass that changes nothing, so that a
/// chunk which turns out broken leaves no trace. Its arrays are reused from chunk to chunk.
struct GeminiChunk {
    struct Candidate {
        var index = 0
        /// Its parts, as places in `GeminiChunk.parts`.
        var parts = 0..<0
        /// The raw value of `finishReason`: a string or a number.
        var finish: Range<Int>?
        /// The raw value of `citationMetadata`.
        var citations: Range<Int>?
        /// The raw value of `groundingMetadata`.
        var grounding: Range<Int>?
    }

    struct Part {
        var text: JSONStringToken?
        var isThought = false
        var signature: JSONStringToken?
        var content = Content.text
    }

    /// What a part holds; members that are null are not there.
    enum Content {
        /// Text, nothing, or a kind of part that is unknown here.
        case text
        /// A place in `GeminiChunk.calls`.
        case call(Int)
        /// Code that the provider runs: the object's raw value.
        case code(Range<Int>, id: JSONStringToken?)
        case codeResult(Range<Int>, id: JSONStringToken?)
        /// A call of one of the provider's own tools: the raw value of its `args`, nil where there are none.
        case toolCall(Range<Int>?, type: JSONStringToken?, id: JSONStringToken?)
        case toolResponse(Range<Int>?, id: JSONStringToken?)
        case file(type: JSONStringToken?, data: JSONStringToken?, url: JSONStringToken?)
    }

    struct Call {
        var id: JSONStringToken?
        var name: JSONStringToken?
        /// The raw object.
        var args: Range<Int>?
        /// Places in `GeminiChunk.partials`.
        var partials = 0..<0
        var willContinue = false

        /// Whether it is told in pieces, of which more follow.
        var isInPieces: Bool { willContinue && (args.map { $0.count == 2 } ?? true) }

        /// Whether it begins a call rather than going on with one.
        var isBeginning: Bool { name.map { !$0.range.isEmpty } ?? (args != nil) }
    }

    /// Candidates of one chunk: as many as any request may ask for.
    private static let candidateLimit = 128

    var responseID: JSONStringToken?
    var model: JSONStringToken?
    var createTime: JSONStringToken?
    var usage: Range<Int>?
    var error: Range<Int>?
    var candidates: [Candidate] = []
    var parts: [Part] = []
    var calls: [Call] = []
    var partials: [GeminiPartialArgument] = []
    /// Why the prompt was refused; nil where it was not.
    var blockReason: JSONStringToken?
    /// Whether it holds log probabilities, which are news in each chunk.
    var hasLogprobs = false
    /// Whether it names an `event_type`, as the events of the Interactions API do.
    var isInteraction = false
    private var isKnown = false
    private let limits: JSONLimits
    var json: JSONTokenizer

    init(limits: JSONLimits = .init()) {
        self.limits = limits
        json = JSONTokenizer(limits: limits)
    }

    /// Reads one chunk's JSON, or an error's; the array with one element that some errors come in too.
    mutating func scan(_ text: Span<UInt8>) throws(FrameError) {
        clear()
        var first = try next(text)
        let isWrapped = first == .arrayStart
        if isWrapped { first = try next(text) }
        guard first == .objectStart else { throw .unexpectedForm }
        while case .key(let name) = try next(text) { try chunkMember(name, text) }
        if isWrapped {
            guard error != nil, try next(text) == .arrayEnd else { throw .unexpectedForm }
        }
        guard try next(text) == .end, isKnown else { throw .unexpectedForm }
    }

    private mutating func clear() {
        (responseID, model, createTime, usage, error, blockReason) = (nil, nil, nil, nil, nil, nil)
        (hasLogprobs, isInteraction, isKnown) = (false, false, false)
        candidates.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        calls.removeAll(keepingCapacity: true)
        partials.removeAll(keepingCapacity: true)
        json = JSONTokenizer(limits: limits)
    }

    // MARK: Levels

    private mutating func chunkMember(_ name: JSONStringToken, _ text: Span<UInt8>) throws(FrameError) {
        var isKnown = true
        if name.equals("candidates", in: text) {
            try eachElement(text) { (chunk: inout GeminiChunk) throws(FrameError) in try chunk.candidate(text) }
        } else if name.equals("usageMetadata", in: text) {
            usage = try skip(text)
        } else if name.equals("modelVersion", in: text) {
            model = try string(text)
        } else if name.equals("responseId", in: text) {
            responseID = try string(text)
        } else if name.equals("createTime", in: text) {
            createTime = try string(text)
        } else if name.equals("promptFeedback", in: text) {
            try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
                guard name.equals("blockReason", in: text) else { return try chunk.pass(text) }
                chunk.blockReason = try chunk.string(text)
            }
        } else if name.equals("error", in: text) {
            let range = try skip(text)
            if !text.isEmptyValue(at: range) { error = range }
        } else if name.equals("event_type", in: text) {
            isInteraction = try string(text) != nil
        } else {
            isKnown = false
            try pass(text)
        }
        self.isKnown = self.isKnown || isKnown
    }

    private mutating func candidate(_ text: Span<UInt8>) throws(FrameError) {
        guard candidates.count < Self.candidateLimit else { throw .limitExceeded }
        candidates.append(Candidate(index: candidates.count, parts: parts.count..<parts.count))
        let place = candidates.count - 1
        while case .key(let name) = try next(text) {
            if name.equals("content", in: text) {
                try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
                    guard name.equals("parts", in: text) else { return try chunk.pass(text) }
                    try chunk.eachElement(text) { (chunk: inout GeminiChunk) throws(FrameError) in
                        try chunk.part(text)
                    }
                }
            } else if name.equals("finishReason", in: text) {
                let range = try skip(text)
                if !text.isEmptyValue(at: range) { candidates[place].finish = range }
            } else if name.equals("index", in: text) {
                guard let index = try number(text) else { continue }
                guard index < Self.candidateLimit else { throw .limitExceeded }
                candidates[place].index = index
            } else if name.equals("citationMetadata", in: text) {
                candidates[place].citations = try telling(text)
            } else if name.equals("groundingMetadata", in: text) {
                candidates[place].grounding = try telling(text)
            } else {
                if name.equals("logprobsResult", in: text) { hasLogprobs = true }
                try pass(text)
            }
        }
        candidates[place].parts = candidates[place].parts.lowerBound..<parts.count
    }

    private mutating func part(_ text: Span<UInt8>) throws(FrameError) {
        var part = Part()
        while case .key(let name) = try next(text) {
            if name.equals("text", in: text) {
                part.text = try string(text)
            } else if name.equals("thought", in: text) {
                part.isThought = try bool(text)
            } else if name.equals("thoughtSignature", in: text) {
                part.signature = try string(text)
            } else if let content = try content(name, text) {
                part.content = content
            }
        }
        parts.append(part)
    }

    /// What the value under a part's member name is; nil for what has no place here, which is passed over.
    private mutating func content(_ name: JSONStringToken, _ text: Span<UInt8>) throws(FrameError) -> Content? {
        if name.equals("functionCall", in: text) { return try functionCall(text) }
        if name.equals("inlineData", in: text) || name.equals("fileData", in: text) { return try file(text) }
        if name.equals("executableCode", in: text) {
            let (range, id) = try identified(text)
            return range.map { .code($0, id: id) }
        }
        if name.equals("codeExecutionResult", in: text) {
            let (range, id) = try identified(text)
            return range.map { .codeResult($0, id: id) }
        }
        if name.equals("toolCall", in: text) { return try serverTool(text, isCall: true) }
        if name.equals("toolResponse", in: text) { return try serverTool(text, isCall: false) }
        try pass(text)
        return nil
    }

    private mutating func functionCall(_ text: Span<UInt8>) throws(FrameError) -> Content? {
        var call = Call()
        let isThere = try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
            if name.equals("name", in: text) {
                call.name = try chunk.string(text)
            } else if name.equals("id", in: text) {
                call.id = try chunk.string(text)
            } else if name.equals("args", in: text) {
                call.args = try chunk.object(text)
            } else if name.equals("willContinue", in: text) {
                call.willContinue = try chunk.bool(text)
            } else if name.equals("partialArgs", in: text) {
                let first = chunk.partials.count
                try chunk.eachElement(text) { (chunk: inout GeminiChunk) throws(FrameError) in
                    try chunk.partialArgument(text)
                }
                call.partials = first..<chunk.partials.count
            } else {
                try chunk.pass(text)
            }
        }
        guard isThere else { return nil }
        calls.append(call)
        return .call(calls.count - 1)
    }

    private mutating func partialArgument(_ text: Span<UInt8>) throws(FrameError) {
        var (path, value, willContinue): (JSONStringToken?, GeminiPartialArgument.Value?, Bool) = (nil, nil, false)
        while case .key(let name) = try next(text) {
            if name.equals("jsonPath", in: text) {
                path = try string(text)
            } else if name.equals("willContinue", in: text) {
                willContinue = try bool(text)
            } else if name.equals("stringValue", in: text) {
                value = try string(text).map { .string($0) } ?? value
            } else if name.equals("numberValue", in: text) || name.equals("boolValue", in: text) {
                value = try scalar(text)
            } else if name.equals("nullValue", in: text) {
                try pass(text)
                value = .null
            } else {
                try pass(text)
            }
        }
        guard let path, let steps = GeminiArgumentPath.steps(of: path, in: text) else { throw .unexpectedForm }
        partials.append(GeminiPartialArgument(path: steps, value: value, willContinue: willContinue))
    }

    private mutating func scalar(_ text: Span<UInt8>) throws(FrameError) -> GeminiPartialArgument.Value? {
        switch try next(text) {
        case .number(let range): return .raw(range)
        case .bool(let bool): return .raw(json.position - (bool ? 4 : 5)..<json.position)
        // "NaN" and the infinities, which JSON has no other way to say.
        case .string, .null: return .null
        default: throw .unexpectedForm
        }
    }

    private mutating func file(_ text: Span<UInt8>) throws(FrameError) -> Content? {
        var (type, data, url): (JSONStringToken?, JSONStringToken?, JSONStringToken?)
        let isThere = try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
            if name.equals("mimeType", in: text) {
                type = try chunk.string(text)
            } else if name.equals("data", in: text) {
                data = try chunk.string(text)
            } else if name.equals("fileUri", in: text) {
                url = try chunk.string(text)
            } else {
                try chunk.pass(text)
            }
        }
        return isThere ? .file(type: type, data: data, url: url) : nil
    }

    /// An object's raw value and the `id` in it.
    private mutating func identified(_ text: Span<UInt8>) throws(FrameError) -> (Range<Int>?, JSONStringToken?) {
        var id: JSONStringToken?
        let before = json
        let isThere = try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
            guard name.equals("id", in: text) else { return try chunk.pass(text) }
            id = try chunk.string(text)
        }
        let after = json
        json = before
        let range = try skip(text)
        json = after
        return (isThere ? range : nil, id)
    }

    private mutating func serverTool(_ text: Span<UInt8>, isCall: Bool) throws(FrameError) -> Content? {
        var (value, type, id): (Range<Int>?, JSONStringToken?, JSONStringToken?)
        let isThere = try eachMember(text) { (chunk: inout GeminiChunk, name) throws(FrameError) in
            if name.equals(isCall ? "args" : "response", in: text) {
                value = try chunk.object(text)
            } else if name.equals("toolType", in: text) {
                type = try chunk.string(text)
            } else if name.equals("id", in: text) {
                id = try chunk.string(text)
            } else {
                try chunk.pass(text)
            }
        }
        guard isThere else { return nil }
        return isCall ? .toolCall(value, type: type, id: id) : .toolResponse(value, id: id)
    }
}
