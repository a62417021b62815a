import FreshetGeneration
import FreshetPartialJSON

/// Writes a chunk that is ours: of an answer from a provider of another dialect, or of an end that no provider told.
enum GeminiChunkWriter {
    /// The beginning of a chunk that is one piece of text.
    static func appendHead(isThought: Bool, to out: inout [UInt8]) {
        out += #"{"candidates":[{"content":{"parts":[{"#.utf8
        out += (isThought ? #""thought":true,"text":""# : #""text":""#).utf8
    }

    /// What stands between that text and the members that all chunks end with.
    static func appendFoot(index: Int, to out: inout [UInt8]) {
        out += #""}],"role":"model"},"index":"#.utf8
        out.appendJSON(integer: index)
        out += "}]".utf8
    }

    /// Appends `{"candidates":[…`, up to the chunk's other members.
    ///
    /// - Parameters:
    ///   - parts: What is said, each with its choice's place.
    ///   - text: Where the parts' text lies.
    ///   - finishes: Why choices end, by their place.
    ///   - state: Of the answer.
    ///   - out: The chunk.
    static func appendCandidates(
        _ parts: [(choice: Int, GeminiPart)], _ text: [UInt8], finishes: [Int: FinishReason],
        _ state: GeminiAnswerState, to out: inout [UInt8]
    ) {
        out += #"{"candidates":["#.utf8
        let places = Set(parts.map(\.choice)).union(finishes.keys).sorted {
            state.choices[$0].index < state.choices[$1].index
        }
        for (number, place) in places.enumerated() {
            if number > 0 { out.append(0x2C) }
            out += #"{"content":{"parts":["#.utf8
            var isFirst = true
            for part in parts where part.choice == place {
                if !isFirst { out.append(0x2C) }
                isFirst = false
                append(part.1, text, state, to: &out)
            }
            // Clients look for a part in every chunk.
            if isFirst { out += #"{"text":""}"#.utf8 }
            out += #"],"role":"model"}"#.utf8
            if let reason = finishes[place] {
                append(reason, to: &out)
                appendSources(state.citations(of: place), to: &out)
            }
            out += #","index":"#.utf8
            out.appendJSON(integer: state.choices[place].index)
            out.append(0x7D)
        }
        out.append(0x5D)
    }

    private static func append(_ reason: FinishReason, to out: inout [UInt8]) {
        let (word, message) = GeminiFinish.word(of: reason)
        out += #","finishReason":"#.utf8
        out.appendJSON(string: word)
        guard let message else { return }
        out += #","finishMessage":"#.utf8
        out.appendJSON(string: message)
    }

    private static func append(
        _ part: GeminiPart, _ text: [UInt8], _ state: GeminiAnswerState, to out: inout [UInt8]
    ) {
        switch part {
        case .text(let range, let isThought, let signature):
            out += (isThought ? #"{"thought":true,"text":""# : #"{"text":""#).utf8
            out.appendJSON(stringContent: text.span.extracting(range))
            out.append(0x22)
            append(signature, to: &out)
        case .call(let block, let signature):
            out += #"{"functionCall":{"name":"#.utf8
            out.appendJSON(string: state.blocks[block].start.name)
            out += #","args":"#.utf8
            append(arguments: state.blocks[block].held, to: &out)
            out += #","id":"#.utf8
            out.appendJSON(string: state.blocks[block].start.callID)
            out.append(0x7D)
            append(signature, to: &out)
        case .signature(let signature):
            out += #"{"text":"""#.utf8
            append(signature, to: &out)
        case .file(let file):
            out += (file.url == nil ? #"{"inlineData":{"mimeType":"# : #"{"fileData":{"mimeType":"#).utf8
            out.appendJSON(string: file.mediaType)
            out += (file.url == nil ? #","data":"# : #","fileUri":"#).utf8
            out.appendJSON(string: file.url ?? file.data)
            out.append(0x7D)
        }
        out.append(0x7D)
    }

    private static func append(_ signature: Signature?, to out: inout [UInt8]) {
        guard let signature else { return }
        out += #","thoughtSignature":"#.utf8
        out.appendJSON(string: signature.value(for: .gemini))
    }

    /// Arguments have to be an object here; what is none is shown as it came, never repaired.
    private static func append(arguments: [UInt8], to out: inout [UInt8]) {
        if arguments.isEmpty {
            out += "{}".utf8
        } else if isObject(arguments.span) {
            out.appendJSONOnOneLine(arguments)
        } else {
            out += #"{"INVALID_JSON":"#.utf8
            out.appendJSON(string: String(replacingSurrogatesOf: arguments))
            out.append(0x7D)
        }
    }

    /// The same as a value.
    static func arguments(_ arguments: [UInt8]) -> JSONValue {
        var bytes: [UInt8] = []
        append(arguments: arguments, to: &bytes)
        return (try? JSONValue(parsing: bytes)) ?? .object(JSONObject())
    }

    private static func isObject(_ text: Span<UInt8>) -> Bool {
        var json = JSONTokenizer()
        guard let first = try? json.next(in: text), first == .objectStart, (try? json.skipRest(in: text)) != nil,
            let last = try? json.next(in: text)
        else { return false }
        return last == .end
    }

    /// Appends `groundingMetadata`: each source once, and which bytes of the candidate's text it supports.
    private static func appendSources(
        _ citations: [(before: Int, Citation)], to out: inout [UInt8]
    ) {
        guard !citations.isEmpty else { return }
        var sources: [Citation] = []
        var places: [Citation: Int] = [:]
        var supports: [JSONValue] = []
        for (before, citation) in citations {
            let source = Citation(url: citation.url, title: citation.title, text: citation.text)
            let place = places[source] ?? sources.count
            if place == sources.count {
                sources.append(source)
                places[source] = place
            }
            guard let end = citation.end else { continue }
            let segment: JSONValue = [
                "startIndex": .number(JSONNumber(before &+ (citation.start ?? 0))),
                "endIndex": .number(JSONNumber(before &+ end)),
            ]
            supports.append(["segment": segment, "groundingChunkIndices": [.number(JSONNumber(place))]])
        }
        var metadata: [JSONObject.Member] = [.init(name: "groundingChunks", value: .array(sources.map(chunk)))]
        if !supports.isEmpty { metadata.append(.init(name: "groundingSupports", value: .array(supports))) }
        out += #","groundingMetadata":"#.utf8
        JSONObject(metadata).write(into: &out)
    }

    /// A page of the web, or a document that has no address.
    private static func chunk(_ source: Citation) -> JSONValue {
        var members: [JSONObject.Member] = []
        if let url = source.url { members.append(.init(name: "uri", value: .string(url))) }
        if let title = source.title { members.append(.init(name: "title", value: .string(title))) }
        guard source.url == nil else { return ["web": .object(JSONObject(members))] }
        if let text = source.text { members.append(.init(name: "text", value: .string(text))) }
        return ["retrievedContext": .object(JSONObject(members))]
    }
}
