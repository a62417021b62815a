import FreshetGeneration
import FreshetPartialJSON

/// Reads contents of Gemini's.
///
/// Clients keep an answer as it was streamed, one content a chunk, a thought in many parts: what belongs together is put
/// together again. A signature on a part is that of the reasoning before it, which may have no text.
struct GeminiContentReader {
    private(set) var turns: [ModelTurn] = []
    private var calls = OpenCalls()

    mutating func read(_ contents: RequestField) throws(RequestError) {
        for (place, content) in try contents.elementsOrOne().enumerated() { try read(content, place) }
        guard !turns.isEmpty else { throw contents.error("must hold at least one content") }
        for place in turns.indices where turns[place].role == .assistant {
            turns[place].parts = turns[place].parts.joinedAnswer
        }
    }

    private mutating func read(_ content: RequestField, _ place: Int) throws(RequestError) {
        let role = content["role"]
        let isAnswer = role?.value == "model"
        guard isAnswer || role == nil || role?.value == "user" || role?.value == "function" || role?.value == "" else {
            throw (role ?? content).error("must be user or model")
        }
        let known: ModelTurn.Role = isAnswer ? .assistant : .user
        if turns.last?.role != known || !isAnswer { turns.append(ModelTurn(known, [], in: content.path)) }
        for (index, part) in try (content["parts"]?.elementsOrOne() ?? []).enumerated() {
            try read(part: part, isAnswer: isAnswer, mintedID: "call_\(place)_\(index)")
        }
    }

    /// A system instruction: a content, or a string.
    static func instructions(_ system: RequestField) throws(RequestError) -> [ModelPart] {
        if let text = system.value.stringValue { return [ModelPart(.text(text), in: system.path)] }
        var parts: [ModelPart] = []
        for part in try system.requiredObject()["parts"]?.elementsOrOne() ?? [] {
            let text = try part.required("text", "a string: instructions are text")
            parts.append(ModelPart(.text(try text.string()), in: text.path))
        }
        return parts
    }

    // MARK: Parts

    private mutating func read(part: RequestField, isAnswer: Bool, mintedID: String) throws(RequestError) {
        _ = try part.requiredObject()
        if isAnswer, part["thought"]?.value == true {
            append(.reasoning(try part["text"]?.string() ?? "", nil), in: part.path)
        }
        if isAnswer, let given = try part["thoughtSignature"]?.string(), !given.isEmpty {
            append(.reasoning("", Signature(given: given, by: .gemini)), in: part.path)
        }
        guard part["thought"]?.value != true || !isAnswer else { return }
        if let text = part["text"] {
            let said = try text.string()
            if !said.isEmpty { append(.text(said), in: text.path) }
        } else if let call = part["functionCall"] {
            append(try self.call(call, mintedID), in: call.path)
        } else if let response = part["functionResponse"] {
            append(try result(response), in: response.path)
        } else {
            append(try Self.other(part, isAnswer: isAnswer), in: part.path)
        }
    }

    private mutating func append(_ content: ModelPart.Content, in field: String) {
        turns[turns.count - 1].parts.append(ModelPart(content, in: field))
    }

    private static func other(_ part: RequestField, isAnswer: Bool) throws(RequestError) -> ModelPart.Content {
        if let media = try media(part) { return media }
        for name in ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] where part[name] != nil {
            return .foreign(.gemini, name)
        }
        // A part that held nothing but a signature.
        if isAnswer, part["thoughtSignature"] != nil { return .text("") }
        throw part.error("must hold text, inlineData, fileData, functionCall or functionResponse")
    }

    // MARK: Media

    private static func media(_ part: RequestField) throws(RequestError) -> ModelPart.Content? {
        if let data = part["inlineData"] {
            let type = try data.required("mimeType", "as in image/png").mediaType()
            let base64 = try data.required("data", "base64").base64()
            return ModelMedia(mediaType: type, .base64(base64), name: try data["displayName"]?.string()).content
        }
        guard let file = part["fileData"] else { return nil }
        let place = try file.required("fileUri", "a URI")
        let (uri, type) = (try place.string(), try file["mimeType"]?.mediaType() ?? "")
        let name = try file["displayName"]?.string()
        if !uri.contains(":") || uri.hasPrefix("gs:") || uri.contains("//generativelanguage.googleapis.com/") {
            return ModelMedia(mediaType: type, .file(uri, of: .gemini), name: name).content
        }
        return try place.media(type, name: name).content
    }

    // MARK: Tools

    private mutating func call(_ field: RequestField, _ mintedID: String) throws(RequestError) -> ModelPart.Content {
        let name = try field.required("name", "a string").string()
        let given = try field["id"]?.string() ?? ""
        let id = given.isEmpty ? mintedID : given
        let arguments = try field["args"]?.requiredObject().value.bytes ?? Array("{}".utf8)
        calls.begin(id: id, name: name)
        return .toolCall(id: id, name: name, arguments: arguments)
    }

    /// Ids are matched where there are any, else names in the order of the calls.
    private mutating func result(_ field: RequestField) throws(RequestError) -> ModelPart.Content {
        let name = try field.required("name", "the name of the function that was called").string()
        let id = field["id"]
        let given = try id?.string() ?? ""
        guard let call = given.isEmpty ? calls.answer(name: name) : calls.answer(id: given) else {
            throw (given.isEmpty ? field : id ?? field).error(
                "answers no call that stands before it and is open: send the model's content with its functionCall")
        }
        var (content, isError) = try Self.text(field.required("response", "an object").requiredObject())
        for part in try field["parts"]?.elements() ?? [] {
            guard let media = try Self.media(part) else { throw part.error("must hold inlineData or fileData") }
            content.append(ModelPart(media, in: part.path))
        }
        return .toolResult(callID: call.id, name: call.name, content: content, isError: isError)
    }

    /// A response is an object; `output`, `result` and `error` alone stand for what they hold.
    private static func text(_ response: RequestField) throws(RequestError) -> ([ModelPart], Bool) {
        let members = response.value.objectValue?.members ?? []
        var (value, isError) = (response.value, false)
        if members.count == 1, let only = members.first, ["output", "result", "error"].contains(only.name) {
            (value, isError) = (only.value, only.name == "error")
        }
        let text = value.stringValue ?? String(decoding: value.bytes, as: UTF8.self)
        return ([ModelPart(.text(text), in: response.path)], isError)
    }
}

extension RequestField {
    /// The elements; an object alone is taken for the only one, as Google's examples have it.
    fileprivate func elementsOrOne() throws(RequestError) -> [RequestField] {
        value.objectValue == nil ? try elements() : [self]
    }
}

extension ModelMedia {
    /// As its type says; what is neither seen nor heard is a document.
    var content: ModelPart.Content {
        let type = mediaType.isEmpty ? guessedType : mediaType
        if type.hasPrefix("image/") { return .image(self) }
        if type.hasPrefix("audio/") { return .audio(self) }
        if type.hasPrefix("video/") { return .video(self) }
        return .document(self)
    }

    /// The type, or what a URL's ending says; empty where nothing says anything.
    var guessedType: String {
        guard mediaType.isEmpty, case .url(let url) = source else { return mediaType }
        if url.contains("//www.youtube.com/") || url.contains("//youtu.be/") { return "video/mp4" }
        let path = url.prefix { $0 != "?" && $0 != "#" }.lowercased()
        let endings = [
            "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
            "pdf": "application/pdf", "txt": "text/plain", "mp3": "audio/mp3", "wav": "audio/wav", "mp4": "video/mp4",
        ]
        guard let dot = path.lastIndex(of: ".") else { return "" }
        return endings[String(path[path.index(after: dot)...])] ?? ""
    }
}
