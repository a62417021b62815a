import FreshetGeneration
import FreshetPartialJSON

/// Writes turns as Anthropic's messages: roles alternate, tools' results come first in theirs, all instructions stand in
/// `system`.
struct AnthropicMessageWriter {
    private struct Message {
        var isAnswer: Bool
        /// Tools' results of a user's message: a model's calls have to be answered at its very beginning.
        var results: [JSONValue] = []
        var blocks: [JSONValue] = []
    }

    private(set) var system: [JSONValue] = []
    private var messages: [Message] = []
    private var ids = CallIDs(.anthropic)

    var written: [JSONValue] {
        messages.map { ["role": $0.isAnswer ? "assistant" : "user", "content": .array($0.results + $0.blocks)] }
    }

    mutating func write(_ request: ModelRequest) throws(RequestError) {
        for part in request.system { try add(instruction: part) }
        for turn in request.turns {
            switch turn.role {
            case .system: for part in turn.parts { try add(instruction: part) }
            case .user: for part in turn.parts { try add(said: part) }
            case .assistant: for part in turn.parts { try add(answered: part) }
            }
        }
        guard !messages.isEmpty else {
            throw RequestError(request.turns.first?.field, "says nothing: a conversation needs a message with content")
        }
    }

    private mutating func add(instruction part: ModelPart) throws(RequestError) {
        guard case .text = part.content else { throw RequestError(part.field, "must be text: it is an instruction") }
        if let block = try Self.block(part) { system.append(block) }
    }

    private mutating func add(said part: ModelPart) throws(RequestError) {
        if case .toolResult(let id, _, let content, let isError) = part.content {
            let written = try Self.result(part, ids.answer(id), content, isError)
            turn(toAnswer: false)
            messages[messages.count - 1].results.append(written)
        } else if let block = try Self.block(part) {
            append(block, isAnswer: false)
        }
    }

    private mutating func add(answered part: ModelPart) throws(RequestError) {
        switch part.content {
        case .text:
            if let block = try Self.block(part) { append(block, isAnswer: true) }
        case .toolCall(let id, let name, let arguments):
            var call: JSONObject = JSONObject()
            call.add("type", "tool_use")
            call.add("id", .string(ids.begin(id)))
            call.add("name", .string(name))
            call.add("input", .arguments(arguments))
            append(Self.marked(call, part), isAnswer: true)
        case .reasoning(let text, let signature):
            guard let signature, signature.dialect == .anthropic else { return }
            append(
                signature.isRedacted
                    ? ["type": "redacted_thinking", "data": .string(signature.value)]
                    : ["type": "thinking", "thinking": .string(text), "signature": .string(signature.value)],
                isAnswer: true)
        case .foreign: return
        case .image, .document, .audio, .video, .toolResult:
            throw .noPlace(
                part.field, at: "Anthropic's Messages", "answers hold text, thinking and calls; leave it out")
        }
    }

    /// Begins a message unless the last one is of that role.
    private mutating func turn(toAnswer isAnswer: Bool) {
        if messages.last?.isAnswer != isAnswer { messages.append(Message(isAnswer: isAnswer)) }
    }

    private mutating func append(_ block: JSONValue, isAnswer: Bool) {
        turn(toAnswer: isAnswer)
        messages[messages.count - 1].blocks.append(block)
    }

    /// Static: a call that held the writer while `ids` changes would have them copied for each result.
    private static func result(
        _ part: ModelPart, _ id: String, _ content: [ModelPart], _ isError: Bool
    ) throws(RequestError) -> JSONValue {
        var blocks: [JSONValue] = []
        for piece in content { if let block = try block(piece) { blocks.append(block) } }
        var result = JSONObject()
        result.add("type", "tool_result")
        result.add("tool_use_id", .string(id))
        if content.count == 1, case .text(let text) = content[0].content, !content[0].endsCachedPrefix {
            result.add("content", .string(text))
        } else if !blocks.isEmpty {
            result.add("content", .array(blocks))
        }
        if isError { result.add("is_error", true) }
        return marked(result, part)
    }

    // MARK: Blocks

    /// Nil for what is left out: text that says nothing is refused.
    private static func block(_ part: ModelPart) throws(RequestError) -> JSONValue? {
        switch part.content {
        case .text(let text):
            if part.isBlankText { return nil }
            return marked(
                JSONObject([.init(name: "type", value: "text"), .init(name: "text", value: .string(text))]), part)
        case .image(let media):
            let source = try imageSource(media, part.field)
            return marked(
                JSONObject([.init(name: "type", value: "image"), .init(name: "source", value: source)]), part)
        case .document(let media):
            var object = JSONObject()
            object.add("type", "document")
            object.add("source", try documentSource(media, part.field))
            object.add("title", media.name.map(JSONValue.string))
            return marked(object, part)
        case .foreign: return nil
        case .audio, .video:
            throw .noPlace(part.field, at: "Anthropic's Messages", "it takes text, images and documents")
        case .reasoning, .toolCall, .toolResult:
            throw RequestError(part.field, "has no place in a message of the user's")
        }
    }

    private static func marked(_ block: JSONObject, _ part: ModelPart) -> JSONValue {
        var block = block
        if part.endsCachedPrefix { block.add("cache_control", ["type": "ephemeral"]) }
        return .object(block)
    }

    private static func imageSource(_ media: ModelMedia, _ field: String) throws(RequestError) -> JSONValue {
        switch media.source {
        case .base64(let data):
            let type = media.mediaType == "image/jpg" ? "image/jpeg" : media.mediaType
            guard ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(type) else {
                throw RequestError(
                    field, "must be image/png, jpeg, gif or webp for a provider that speaks Anthropic's Messages")
            }
            return ["type": "base64", "media_type": .string(type), "data": .string(data)]
        case .url(let url): return ["type": "url", "url": .string(url)]
        case .file(let id, of: .anthropic): return ["type": "file", "file_id": .string(id)]
        case .file, .text: throw .foreignFile(field)
        }
    }

    private static func documentSource(_ media: ModelMedia, _ field: String) throws(RequestError) -> JSONValue {
        switch media.source {
        case .text(let text): return ["type": "text", "media_type": "text/plain", "data": .string(text)]
        case .file(let id, of: .anthropic): return ["type": "file", "file_id": .string(id)]
        case .file: throw .foreignFile(field)
        case .url where media.guessedType.isEmpty: throw .noType(field)
        case .url(let url) where media.guessedType == "application/pdf":
            return ["type": "url", "url": .string(url)]
        case .base64(let data) where media.mediaType == "application/pdf":
            return ["type": "base64", "media_type": "application/pdf", "data": .string(data)]
        case .base64(let data) where media.mediaType.hasPrefix("text/"):
            guard let text = Base64.decode(data).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw RequestError(field, "must be text in UTF-8")
            }
            return ["type": "text", "media_type": "text/plain", "data": .string(text)]
        case .url, .base64:
            throw RequestError(field, "must be a PDF or text for a provider that speaks Anthropic's Messages")
        }
    }
}

extension RequestError {
    /// A file that lies with another provider.
    static func foreignFile(_ field: String) -> RequestError {
        RequestError(
            field, "names a file that lies with another provider: send its bytes, or a URL that anybody can read")
    }

    /// A URL of Gemini's that may be of a picture or of anything else.
    static func noType(_ field: String) -> RequestError {
        RequestError(
            field, "needs a `mimeType` for a provider of another dialect: the URI does not end as in .png or .pdf")
    }
}
