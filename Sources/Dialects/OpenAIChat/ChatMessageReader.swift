import FreshetGeneration
import FreshetPartialJSON

/// Reads messages in Chat Completions' form.
struct ChatMessageReader {
    /// Instructions before the first turn.
    private(set) var system: [ModelPart] = []
    private(set) var turns: [ModelTurn] = []
    private var calls = OpenCalls()

    mutating func read(_ messages: RequestField) throws(RequestError) {
        for message in try messages.elements() { try read(message: message) }
        guard !turns.isEmpty else {
            throw messages.error("must hold at least one message that is no system message")
        }
    }

    private mutating func read(message: RequestField) throws(RequestError) {
        let role = try message.required("role", "system, developer, user, assistant or tool")
        switch try role.string() {
        case "system", "developer":
            let parts = try Self.parts(message["content"])
            if turns.isEmpty { system += parts } else { turns.append(ModelTurn(.system, parts, in: message.path)) }
        case "user":
            let content = try message.required("content", "a string or an array of parts")
            turns.append(ModelTurn(.user, try Self.parts(content), in: message.path))
        case "assistant": turns.append(ModelTurn(.assistant, try answer(message), in: message.path))
        case "tool": turns.append(ModelTurn(.user, [try result(message)], in: message.path))
        default: throw role.error("must be system, developer, user, assistant or tool")
        }
    }

    // MARK: Content

    private static func parts(_ content: RequestField?) throws(RequestError) -> [ModelPart] {
        guard let content else { return [] }
        if let text = content.value.stringValue { return [ModelPart(.text(text), in: content.path)] }
        guard content.value.arrayValue != nil else { throw content.error("must be a string or an array of parts") }
        var parts: [ModelPart] = []
        for field in try content.elements() {
            var part = ModelPart(try Self.content(field), in: field.path)
            part.endsCachedPrefix = field["cache_control"] != nil || field["prompt_cache_breakpoint"] != nil
            parts.append(part)
        }
        return parts
    }

    private static func content(_ field: RequestField) throws(RequestError) -> ModelPart.Content {
        let kind = try field.required("type", "as in text or image_url")
        switch try kind.string() {
        case "text": return .text(try field.required("text", "a string").string())
        case "refusal": return .text(try field.required("refusal", "a string").string())
        case "image_url":
            let image = try field.required("image_url", "{\"url\"}")
            return .image(try (image.value.stringValue == nil ? image.required("url", "a string") : image).media())
        case "video_url":
            return .video(try field.required("video_url", "{\"url\"}").required("url", "a string").media())
        case "input_audio":
            let audio = try field.required("input_audio", "{\"data\", \"format\"}")
            let format = try audio.required("format", "wav or mp3")
            let type = try RequestField(.string("audio/" + (try format.string())), at: format.path).mediaType()
            return .audio(ModelMedia(mediaType: type, .base64(try audio.required("data", "base64").base64())))
        case "file": return .document(try file(try field.required("file", "{\"file_data\", \"filename\"}")))
        default: throw kind.error("is not known: parts are of type text, image_url, input_audio or file")
        }
    }

    private static func file(_ field: RequestField) throws(RequestError) -> ModelMedia {
        let name = try field["filename"]?.string()
        if let id = try field["file_id"]?.string() {
            return ModelMedia(mediaType: "", .file(id, of: .openAIChat), name: name)
        }
        let data = try field.required("file_data", "data:TYPE;base64,DATA, or file_id")
        if data.value.stringValue?.contains(":") == true { return try data.media("application/pdf", name: name) }
        return ModelMedia(mediaType: "application/pdf", .base64(try data.base64()), name: name)
    }

    // MARK: Tools

    private mutating func result(_ message: RequestField) throws(RequestError) -> ModelPart {
        let id = try message.required("tool_call_id", "the id of the call that is answered")
        guard let call = calls.answer(id: try id.string()) else {
            throw id.error(
                "answers no call that stands before it and is open: send the assistant's message with its tool_calls")
        }
        let content = try Self.parts(message["content"])
        // Chat has no word for it; our own transcripts do.
        let isError = try message["is_error"]?.flag() ?? false
        return ModelPart(
            .toolResult(callID: call.id, name: call.name, content: content, isError: isError), in: message.path)
    }

    /// An assistant's message: reasoning, text, calls, each with what was signed right before it.
    private mutating func answer(_ message: RequestField) throws(RequestError) -> [ModelPart] {
        if message["function_call"] != nil || message["audio"] != nil {
            let name = message["audio"] == nil ? "function_call" : "audio"
            throw RequestError(message.path(of: name), "has no place at a provider of another dialect: leave it out")
        }
        var reasoning = try ChatReasoning(message)
        var said = try Self.parts(message["content"])
        if let refusal = message["refusal"] { said.append(ModelPart(.text(try refusal.string()), in: refusal.path)) }
        var called: [ModelPart] = []
        for field in try message["tool_calls"]?.elements() ?? [] {
            if let signature = try ChatReasoning.signature(ofCall: field) {
                called.append(reasoning.take(signature, in: field.path))
            }
            called.append(ModelPart(try call(field), in: field.path))
        }
        return reasoning.parts + said + called
    }

    private mutating func call(_ field: RequestField) throws(RequestError) -> ModelPart.Content {
        guard field["type"] == nil || field["type"]?.value == "function" else {
            throw field.error("must be of type function: providers of other dialects know no other call of Chat's")
        }
        let id = try field.required("id", "a string").string()
        let function = try field.required("function", "{\"name\", \"arguments\"}")
        let name = try function.required("name", "a string").string()
        calls.begin(id: id, name: name)
        let arguments = try function.required("arguments", "a string with a JSON object")
        if arguments.value.objectValue != nil {
            return .toolCall(id: id, name: name, arguments: arguments.value.bytes)
        }
        let text = Array(try arguments.string().utf8)
        if text.isEmpty { return .toolCall(id: id, name: name, arguments: Array("{}".utf8)) }
        guard (try? JSONValue(parsing: text))?.objectValue != nil else {
            throw arguments.error("must be a string with a JSON object")
        }
        return .toolCall(id: id, name: name, arguments: text)
    }
}
