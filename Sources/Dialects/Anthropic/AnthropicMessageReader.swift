import FreshetGeneration
import FreshetPartialJSON

/// Reads messages of Anthropic's.
struct AnthropicMessageReader {
    private(set) var turns: [ModelTurn] = []
    private var calls = OpenCalls()

    mutating func read(_ messages: RequestField) throws(RequestError) {
        for message in try messages.elements() {
            let role = try message.required("role", "user or assistant")
            let content = try message.required("content", "a string or an array of blocks")
            switch try role.string() {
            case "user": turns.append(ModelTurn(.user, try blocks(content, isAnswer: false), in: message.path))
            case "assistant": turns.append(ModelTurn(.assistant, try blocks(content, isAnswer: true), in: message.path))
            case "system": turns.append(ModelTurn(.system, try Self.parts(content), in: message.path))
            default: throw role.error("must be user or assistant")
            }
        }
        guard turns.contains(where: { $0.role != .system }) else {
            throw messages.error("must hold at least one message that is no system message")
        }
    }

    /// A string or blocks that belong to no conversation: text, images, documents.
    static func parts(_ content: RequestField) throws(RequestError) -> [ModelPart] {
        var reader = AnthropicMessageReader()
        return try reader.blocks(content, isAnswer: false)
    }

    private mutating func blocks(_ content: RequestField, isAnswer: Bool) throws(RequestError) -> [ModelPart] {
        if let text = content.value.stringValue { return [ModelPart(.text(text), in: content.path)] }
        guard content.value.arrayValue != nil else { throw content.error("must be a string or an array of blocks") }
        var parts: [ModelPart] = []
        for block in try content.elements() {
            var part = ModelPart(try self.content(block, isAnswer: isAnswer), in: block.path)
            part.endsCachedPrefix = block["cache_control"] != nil
            parts.append(part)
        }
        return parts
    }

    private mutating func content(_ block: RequestField, isAnswer: Bool) throws(RequestError) -> ModelPart.Content {
        let kind = try block.required("type", "as in text or image").string()
        switch kind {
        case "text": return .text(try block.required("text", "a string").string())
        case "image": return .image(try Self.media(try block.required("source", "an object"), ""))
        case "document": return .document(try Self.document(block))
        case "search_result": return .document(try Self.searchResult(block))
        case "thinking":
            let given = try block["signature"]?.string() ?? ""
            let signature = given.isEmpty ? nil : Signature(given: given, by: .anthropic)
            return .reasoning(try block.required("thinking", "a string").string(), signature)
        case "redacted_thinking":
            let data = try block.required("data", "a string").string()
            return .reasoning("", Signature(given: data, by: .anthropic, isRedacted: true))
        case "tool_use": return try call(block)
        case "tool_result": return try result(block)
        // What a provider's own tools did stands in its answers; it says nothing to others, and the text tells what came of it.
        default:
            guard isAnswer || kind.hasSuffix("_tool_result") else {
                throw RequestError(
                    block.path(of: "type"), "\(kind) has no place at a provider of another dialect: leave the block out"
                )
            }
            return .foreign(.anthropic, kind)
        }
    }

    private mutating func call(_ block: RequestField) throws(RequestError) -> ModelPart.Content {
        let id = try block.required("id", "a string").string()
        let name = try block.required("name", "a string").string()
        let input = try block.required("input", "an object").requiredObject()
        calls.begin(id: id, name: name)
        return .toolCall(id: id, name: name, arguments: input.value.bytes)
    }

    private mutating func result(_ block: RequestField) throws(RequestError) -> ModelPart.Content {
        let id = try block.required("tool_use_id", "the id of the call that is answered")
        guard let call = calls.answer(id: try id.string()) else {
            throw id.error(
                "answers no call that stands before it and is open: send the assistant's message with its tool_use")
        }
        let content = if let content = block["content"] { try Self.parts(content) } else { [ModelPart]() }
        for part in content { try Self.checkResult(part) }
        return .toolResult(
            callID: call.id, name: call.name, content: content, isError: try block["is_error"]?.flag() ?? false)
    }

    private static func checkResult(_ part: ModelPart) throws(RequestError) {
        switch part.content {
        case .text, .image, .document, .audio, .video: return
        case .reasoning, .toolCall, .toolResult, .foreign:
            throw RequestError(part.field, "must be text, an image or a document: it is part of a tool's result")
        }
    }

    // MARK: Media

    private static func media(_ source: RequestField, _ mediaType: String) throws(RequestError) -> ModelMedia {
        let kind = try source.required("type", "base64, url, text, content or file")
        switch try kind.string() {
        case "base64":
            let type = try source.required("media_type", "as in image/png").mediaType()
            return ModelMedia(mediaType: type, .base64(try source.required("data", "base64").base64()))
        case "url": return try source.required("url", "a string").media(mediaType)
        case "file":
            return ModelMedia(
                mediaType: "", .file(try source.required("file_id", "a string").string(), of: .anthropic))
        case "text":
            return ModelMedia(mediaType: "text/plain", .text(try source.required("data", "a string").string()))
        case "content":
            let text = try Self.text(try source.required("content", "a string or an array of text blocks"))
            return ModelMedia(mediaType: "text/plain", .text(text))
        default: throw kind.error("must be base64, url, text, content or file")
        }
    }

    private static func document(_ block: RequestField) throws(RequestError) -> ModelMedia {
        var media = try media(try block.required("source", "an object"), "application/pdf")
        media.name = try block["title"]?.string()
        return media
    }

    private static func searchResult(_ block: RequestField) throws(RequestError) -> ModelMedia {
        let text = try Self.text(try block.required("content", "an array of text blocks"))
        return ModelMedia(mediaType: "text/plain", .text(text), name: try block["title"]?.string())
    }

    /// The text of blocks that may hold nothing else.
    private static func text(_ content: RequestField) throws(RequestError) -> String {
        var texts: [String] = []
        for part in try parts(content) {
            guard case .text(let text) = part.content else {
                throw RequestError(part.field, "must be text: a document of another kind has no place here")
            }
            texts.append(text)
        }
        return texts.joined(separator: "\n\n")
    }
}
