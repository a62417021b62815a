public import FreshetGeneration
import FreshetPartialJSON

/// Gathers a generation into one `GenerateContentResponse`, the body of a request that did not ask for a stream: what the
/// chunks of a stream say, joined.
public struct GeminiCompletion: CompletionFold {
    private struct Candidate {
        var parts: [JSONValue] = []
        /// The part that is being said and its text so far; it stands behind `parts`.
        private var growing: (part: JSONObject, text: String, isThought: Bool)?
        /// Places of calls whose arguments came piece by piece, with their number among the candidate's calls.
        var partial: [(part: Int, call: Int)] = []
        var calls = 0
        var members = JSONObject()

        /// Appends text to the part that is being said. O(bytes).
        mutating func say(_ text: String, isThought: Bool) {
            if growing?.isThought == isThought {
                growing?.text += text
            } else {
                end()
                let thought = JSONObject.Member(name: "thought", value: true)
                growing = (JSONObject((isThought ? [thought] : []) + [.init(name: "text", value: "")]), text, isThought)
            }
        }

        /// The same with a part of a chunk; one that is more than text stands by itself.
        mutating func say(_ part: JSONValue, _ text: String) {
            let isThought = part["thought"]?.boolValue == true
            if growing?.isThought == isThought { return say(text, isThought: isThought) }
            end()
            growing = part.objectValue.map { ($0, text, isThought) }
        }

        /// Nothing is joined to what was said.
        mutating func end() {
            guard var said = growing else { return }
            growing = nil
            said.part["text"] = .string(said.text)
            parts.append(.object(said.part))
        }
    }

    private var fold = GenerationFold()
    private var encoder = GeminiEncoder(framing: .jsonLines)
    private var line: [UInt8] = []
    private var candidates: [Int: Candidate] = [:]
    private var members = JSONObject()

    /// Nothing gathered yet.
    public init() {}

    /// The generation's end, once it was folded.
    public var end: GenerationEnd? { fold.end }

    /// Never: Gemini's own words are its clients' too, and other dialects' are told as OTHER.
    public var failure: GenerationFailure? { nil }

    /// Folds one event. O(bytes).
    public mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        fold.apply(item, payload)
        if let said = encoder.takeAlone(item, payload) {
            let text = payload.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            candidates[said.index, default: Candidate()].say(text, isThought: said.isThought)
            return
        }
        line.removeAll(keepingCapacity: true)
        encoder.encode(item, payload, into: &line)
        guard !line.isEmpty, let chunk = try? JSONValue(parsing: line).objectValue else { return }
        take(chunk)
    }

    private mutating func take(_ chunk: JSONObject) {
        for member in chunk.members where !member.value.isNull {
            switch (member.name, member.value) {
            case ("candidates", .array(let told)):
                for (place, candidate) in told.enumerated() { take(candidate, place) }
            case ("usageMetadata", .object(let counts)):
                var all = members["usageMetadata"]?.objectValue ?? JSONObject()
                for count in counts.members { all[count.name] = count.value }
                members["usageMetadata"] = .object(all)
            default: members[member.name] = member.value
            }
        }
    }

    private mutating func take(_ told: JSONValue, _ place: Int) {
        let index = told["index"]?.intValue ?? place
        var candidate = candidates[index] ?? Candidate()
        candidates[index] = nil
        for member in told.objectValue?.members ?? [] where !member.value.isNull {
            switch member.name {
            case "content": for part in member.value["parts"]?.arrayValue ?? [] { Self.add(part, to: &candidate) }
            case "index": break
            case "citationMetadata", "logprobsResult":
                candidate.members[member.name] = Self.joined(candidate.members[member.name], member.value)
            case "groundingMetadata" where member.value.objectValue?.members.isEmpty == true:
                if candidate.members[member.name] == nil { candidate.members[member.name] = member.value }
            default: candidate.members[member.name] = member.value
            }
        }
        candidates[index] = candidate
    }

    /// Lists grow, of anything else the last holds.
    private static func joined(_ before: JSONValue?, _ value: JSONValue) -> JSONValue {
        guard var all = before?.objectValue, let more = value.objectValue else { return value }
        for member in more.members {
            if let elements = member.value.arrayValue, let former = all[member.name]?.arrayValue {
                all[member.name] = .array(former + elements)
            } else {
                all[member.name] = member.value
            }
        }
        return .object(all)
    }

    private static func add(_ part: JSONValue, to candidate: inout Candidate) {
        if let call = part["functionCall"]?.objectValue {
            candidate.end()
            guard call["name"]?.stringValue?.isEmpty == false || call["args"] != nil else { return }
            if call["willContinue"]?.boolValue == true || call["partialArgs"] != nil {
                candidate.partial.append((candidate.parts.count, candidate.calls))
            }
            candidate.calls += 1
        } else if let text = part["text"]?.stringValue {
            let isBare = part.objectValue?.members.count == 1
            // The first chunks and the last often have a part that says nothing.
            if text.isEmpty, isBare { return }
            if isPlain(part) { return candidate.say(part, text) }
        }
        candidate.end()
        candidate.parts.append(part)
    }

    /// Whether a part is text and nothing else: a signature belongs to its own part.
    private static func isPlain(_ part: JSONValue) -> Bool {
        part["text"]?.stringValue != nil
            && part.objectValue?.members.allSatisfy { ["text", "thought"].contains($0.name) } == true
    }

    // MARK: Writing

    /// The whole document.
    public func body() -> [UInt8] {
        var document = JSONObject()
        if !candidates.isEmpty {
            document["candidates"] = .array(candidates.keys.sorted().map { candidate($0) })
        }
        document.members += members.members
        return JSONValue.object(document).bytes
    }

    private func candidate(_ index: Int) -> JSONValue {
        guard var candidate = candidates[index] else { return .null }
        candidate.end()
        let calls = fold.blocks.filter { $0.start.choice == index && $0.start.isClientCall }
        for (part, call) in candidate.partial where calls.indices.contains(call) {
            guard var value = candidate.parts[part].objectValue, var told = value["functionCall"]?.objectValue else {
                continue
            }
            (told["willContinue"], told["partialArgs"]) = (nil, nil)
            told["args"] = GeminiChunkWriter.arguments(calls[call].bytes)
            value["functionCall"] = .object(told)
            candidate.parts[part] = .object(value)
        }
        var members = JSONObject()
        if !candidate.parts.isEmpty {
            members["content"] = ["parts": .array(candidate.parts), "role": "model"]
        }
        members.members += candidate.members.members
        members["index"] = .number(JSONNumber(index))
        return .object(members)
    }
}
