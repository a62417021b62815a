import FreshetGeneration
import FreshetPartialJSON

/// Writes turns as messages in Chat Completions' form.
struct ChatMessageWriter {
    /// Who reads them.
    enum Reader {
        /// Chat's inventor, who refuses members that it does not know.
        case inventor
        /// A compatible server, which may want reasoning back beside tools' results.
        case compatible
        /// We, in a later turn: everything that was signed stays.
        case transcript
    }

    private let reader: Reader
    private(set) var written: [JSONValue] = []
    private var ids: CallIDs
    /// Of the user's turns that are read: nothing may stand between calls and their results.
    private var (results, said): ([JSONValue], [JSONValue]) = ([], [])
    /// Media of tools' results, which hold only text.
    private var shown: [JSONValue] = []

    init(_ reader: Reader) {
        self.reader = reader
        ids = CallIDs(reader == .transcript ? .transcript : .openAIChat)
    }

    mutating func write(_ request: ModelRequest) throws(RequestError) {
        try add(instructions: request.system)
        let lastAsked = request.turns.lastIndex { turn in
            turn.role == .user && turn.parts.contains { if case .toolResult = $0.content { false } else { true } }
        }
        for (place, turn) in request.turns.enumerated() {
            switch turn.role {
            case .system:
                endUser()
                try add(instructions: turn.parts)
            case .user: try add(said: turn)
            case .assistant:
                endUser()
                try add(answer: turn, isInLoop: place > lastAsked ?? -1)
            }
        }
        endUser()
        guard written.contains(where: { $0["role"] != "system" }) else {
            throw RequestError(request.turns.first?.field, "says nothing: a conversation needs a message with content")
        }
    }

    private mutating func add(instructions parts: [ModelPart]) throws(RequestError) {
        for part in parts {
            guard case .text = part.content else {
                throw RequestError(part.field, "must be text: it is an instruction")
            }
        }
        if !parts.isEmpty { written.append(["role": "system", "content": try Self.content(parts)]) }
    }

    // MARK: The user's

    private mutating func endUser() {
        written += results
        if !shown.isEmpty { written.append(["role": "user", "content": .array(shown)]) }
        written += said
        (results, shown, said) = ([], [], [])
    }

    private mutating func add(said turn: ModelTurn) throws(RequestError) {
        var parts: [ModelPart] = []
        for part in turn.parts {
            switch part.content {
            case .toolResult(let id, _, let content, let isError): try add(result: id, content, isError)
            case .foreign: continue
            case .text, .image, .document, .audio, .video, .reasoning, .toolCall: parts.append(part)
            }
        }
        if !parts.isEmpty { said.append(["role": "user", "content": try Self.content(parts)]) }
    }

    private mutating func add(result id: String, _ content: [ModelPart], _ isError: Bool) throws(RequestError) {
        var texts: [ModelPart] = []
        for piece in content {
            if case .text = piece.content { texts.append(piece) } else { shown.append(try Self.part(piece)) }
        }
        var message = JSONObject()
        message.add("role", "tool")
        message.add("tool_call_id", .string(ids.answer(id)))
        message.add("content", texts.isEmpty ? "" : try Self.content(texts))
        if isError, case .transcript = reader { message.add("is_error", true) }
        results.append(.object(message))
    }

    // MARK: The model's

    private mutating func add(answer turn: ModelTurn, isInLoop: Bool) throws(RequestError) {
        var (text, calls): (String, [JSONValue]) = ("", [])
        var reasoning = ChatReasoningWriter(reader, isInLoop: isInLoop)
        for part in turn.parts {
            switch part.content {
            case .text(let more):
                // Two texts with something between them are two.
                text += reasoning.isSinceText && !text.isEmpty && !more.isEmpty ? "\n\n" + more : more
                reasoning.endCall()
                reasoning.isSinceText = false
            case .toolCall(let id, let name, let arguments):
                var call = JSONObject()
                call.add("id", .string(ids.begin(id)))
                call.add("type", "function")
                call.add(
                    "function",
                    ["name": .string(name), "arguments": .string(String(decoding: arguments, as: UTF8.self))])
                call.add("extra_content", reasoning.takeCallContent())
                calls.append(.object(call))
                reasoning.isSinceText = true
            case .reasoning(let text, let signature): reasoning.add(text, signature)
            case .foreign: continue
            case .image, .document, .audio, .video, .toolResult:
                throw .noPlace(part.field, at: "Chat Completions", "answers hold text and calls; leave it out")
            }
        }
        let members = reasoning.members(hasCalls: !calls.isEmpty)
        guard !text.isEmpty || !calls.isEmpty || !members.isEmpty else { return }
        var message = JSONObject()
        message.add("role", "assistant")
        message.add("content", text.isEmpty ? .null : .string(text))
        message.members += members
        if !calls.isEmpty { message.add("tool_calls", .array(calls)) }
        written.append(.object(message))
    }

    // MARK: Content

    /// One text as a string, anything else as parts.
    private static func content(_ parts: [ModelPart]) throws(RequestError) -> JSONValue {
        if parts.count == 1, case .text(let text) = parts[0].content { return .string(text) }
        var written: [JSONValue] = []
        for part in parts { written.append(try Self.part(part)) }
        return .array(written)
    }

    private static func part(_ part: ModelPart) throws(RequestError) -> JSONValue {
        switch part.content {
        case .text(let text): return ["type": "text", "text": .string(text)]
        case .image(let media): return ["type": "image_url", "image_url": ["url": .string(try url(media, part.field))]]
        case .document(let media): return try document(media, part.field)
        case .audio(let media): return try audio(media, part.field)
        case .video, .foreign: throw .noPlace(part.field, at: "Chat Completions")
        case .reasoning, .toolCall, .toolResult:
            throw RequestError(part.field, "has no place in a message of the user's")
        }
    }

    private static func url(_ media: ModelMedia, _ field: String) throws(RequestError) -> String {
        switch media.source {
        case .base64(let data): return "data:\(media.mediaType);base64,\(data)"
        case .url(let url): return url
        case .file, .text: throw .foreignFile(field)
        }
    }

    private static func document(_ media: ModelMedia, _ field: String) throws(RequestError) -> JSONValue {
        switch media.source {
        case .text(let text): return ["type": "text", "text": .string(text)]
        case .base64(let data) where media.mediaType.hasPrefix("text/"):
            guard let text = Base64.decode(data).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw RequestError(field, "must be text in UTF-8")
            }
            return ["type": "text", "text": .string(text)]
        case .base64(let data):
            let url = "data:\(media.mediaType);base64,\(data)"
            return [
                "type": "file", "file": ["filename": .string(media.name ?? "document"), "file_data": .string(url)],
            ]
        case .file(let id, of: .openAIChat): return ["type": "file", "file": ["file_id": .string(id)]]
        case .file: throw .foreignFile(field)
        case .url where media.guessedType.isEmpty: throw .noType(field)
        case .url: throw .noPlace(field, at: "Chat Completions", "it takes documents as bytes, no URLs of them")
        }
    }

    private static func audio(_ media: ModelMedia, _ field: String) throws(RequestError) -> JSONValue {
        guard case .base64(let data) = media.source else {
            throw .noPlace(field, at: "Chat Completions", "it takes audio as bytes, no URLs of it")
        }
        let format: JSONValue
        switch media.mediaType {
        case "audio/wav", "audio/x-wav", "audio/wave": format = "wav"
        case "audio/mp3", "audio/mpeg": format = "mp3"
        default: throw RequestError(field, "must be WAV or MP3 for a provider that speaks Chat Completions")
        }
        return ["type": "input_audio", "input_audio": ["data": .string(data), "format": format]]
    }
}
