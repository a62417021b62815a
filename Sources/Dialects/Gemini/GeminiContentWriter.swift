import FreshetGeneration
import FreshetPartialJSON

/// Writes turns as Gemini's contents: roles alternate, functions' responses come first in theirs, all instructions stand in
/// `systemInstruction`.
struct GeminiContentWriter {
    private struct Content {
        var isAnswer: Bool
        var responses: [JSONValue] = []
        var parts: [JSONValue] = []
    }

    private(set) var instructions: [JSONValue] = []
    private var contents: [Content] = []
    private var ids = CallIDs(.gemini)
    /// What the model signed and no part bears yet.
    private var signature: String?

    var written: [JSONValue] {
        contents.map { ["role": $0.isAnswer ? "model" : "user", "parts": .array($0.responses + $0.parts)] }
    }

    mutating func write(_ request: ModelRequest) throws(RequestError) {
        for part in request.system { try add(instruction: part) }
        for turn in request.turns {
            switch turn.role {
            case .system: for part in turn.parts { try add(instruction: part) }
            case .user: for part in turn.parts { try add(said: part) }
            case .assistant:
                for part in turn.parts.joinedAnswer { try add(answered: part) }
                placeSignature()
            }
        }
        guard !contents.isEmpty else {
            throw RequestError(request.turns.first?.field, "says nothing: a conversation needs a message with content")
        }
    }

    private mutating func add(instruction part: ModelPart) throws(RequestError) {
        guard case .text(let text) = part.content else {
            throw RequestError(part.field, "must be text: it is an instruction")
        }
        if !text.isEmpty { instructions.append(["text": .string(text)]) }
    }

    private mutating func append(_ part: JSONValue, isAnswer: Bool) {
        turn(toAnswer: isAnswer)
        contents[contents.count - 1].parts.append(part)
    }

    private mutating func turn(toAnswer isAnswer: Bool) {
        if contents.last?.isAnswer != isAnswer { contents.append(Content(isAnswer: isAnswer)) }
    }

    // MARK: The user's

    private mutating func add(said part: ModelPart) throws(RequestError) {
        if case .toolResult(let id, let name, let content, let isError) = part.content {
            let response = try Self.response(ids.answer(id), name, content, isError)
            turn(toAnswer: false)
            contents[contents.count - 1].responses.append(response)
        } else if let written = try Self.part(part) {
            append(written, isAnswer: false)
        }
    }

    /// Nil for what is left out.
    private static func part(_ part: ModelPart) throws(RequestError) -> JSONValue? {
        switch part.content {
        case .text(let text): return text.isEmpty ? nil : ["text": .string(text)]
        case .image(let media), .document(let media), .audio(let media), .video(let media):
            return try Self.part(media, part.field)
        case .foreign: return nil
        case .reasoning, .toolCall, .toolResult:
            throw RequestError(part.field, "has no place in a message of the user's")
        }
    }

    private static func part(_ media: ModelMedia, _ field: String) throws(RequestError) -> JSONValue {
        var (name, object) = ("inlineData", JSONObject())
        switch media.source {
        case .base64(let data):
            object.add("mimeType", .string(media.mediaType))
            object.add("data", .string(data))
        case .text(let text):
            object.add("mimeType", "text/plain")
            object.add("data", .string(Base64.encode(text.utf8)))
        case .url(let uri), .file(let uri, of: .gemini):
            name = "fileData"
            if !media.guessedType.isEmpty { object.add("mimeType", .string(media.guessedType)) }
            object.add("fileUri", .string(uri))
        case .file: throw .foreignFile(field)
        }
        return .object(JSONObject([.init(name: name, value: .object(object))]))
    }

    /// An object as the response itself; anything else as `result` or, where the tool failed, `error`.
    private static func response(
        _ id: String, _ name: String, _ content: [ModelPart], _ isError: Bool
    ) throws(RequestError) -> JSONValue {
        var (texts, media): ([String], [JSONValue]) = ([], [])
        for piece in content {
            if case .text(let text) = piece.content {
                texts.append(text)
            } else if let part = try part(piece) {
                media.append(part)
            }
        }
        let text = texts.joined(separator: "\n\n")
        let value = try? JSONValue(parsing: Array(text.utf8))
        var response: JSONValue = [
            isError ? "error" : "result": value?.arrayValue.map(JSONValue.array) ?? .string(text)
        ]
        if let value, value.objectValue != nil, !isError || value["error"] != nil { response = value }
        var object = JSONObject()
        object.add("id", .string(id))
        object.add("name", .string(name))
        object.add("response", response)
        if !media.isEmpty { object.add("parts", .array(media)) }
        return ["functionResponse": .object(object)]
    }

    // MARK: The model's

    private mutating func add(answered part: ModelPart) throws(RequestError) {
        switch part.content {
        case .text(let text): if !text.isEmpty { append(signed: "text", .string(text)) }
        case .toolCall(let id, let name, let arguments):
            append(
                signed: "functionCall",
                ["id": .string(ids.begin(id)), "name": .string(name), "args": .arguments(arguments)])
        case .reasoning(let text, let signature):
            placeSignature()
            guard signature == nil || signature?.dialect == .gemini else { return }
            if !text.isEmpty { append(["text": .string(text), "thought": true], isAnswer: true) }
            self.signature = signature?.value
        case .image(let media), .document(let media), .audio(let media), .video(let media):
            append(try Self.part(media, part.field), isAnswer: true)
        case .foreign: return
        case .toolResult: throw RequestError(part.field, "has no place in an answer")
        }
    }

    /// A part with the signature that stands before it.
    private mutating func append(signed name: String, _ value: JSONValue) {
        var part = JSONObject([.init(name: name, value: value)])
        part.add("thoughtSignature", signature.map(JSONValue.string))
        signature = nil
        append(.object(part), isAnswer: true)
    }

    /// A signature that no part follows stands on an empty one.
    private mutating func placeSignature() {
        if signature != nil { append(signed: "text", "") }
    }
}
