import FreshetGeneration
import FreshetPartialJSON

/// The reasoning of an assistant's message, under the names that Chat's services and clients gave it.
struct ChatReasoning {
    /// In order; nil where a call took it.
    private var places: [ModelPart?] = []
    private var signed: [Signature: Int] = [:]

    /// What no call took.
    var parts: [ModelPart] { places.compactMap(\.self) }

    /// - Parameter message: With `reasoning_details`, or `reasoning_content` or `reasoning` alone.
    /// - Throws: For what is of another kind than it must be.
    init(_ message: RequestField) throws(RequestError) {
        for detail in try message["reasoning_details"]?.elements() ?? [] {
            guard let part = try Self.part(detail) else { continue }
            if case .reasoning(_, let signature?) = part.content { signed[signature] = places.count }
            places.append(part)
        }
        guard places.isEmpty, let plain = message["reasoning_content"] ?? message["reasoning"] else { return }
        let text = try plain.string()
        if !text.isEmpty { places.append(ModelPart(.reasoning(text, nil), in: plain.path)) }
    }

    private static func part(_ detail: RequestField) throws(RequestError) -> ModelPart? {
        let dialect = Self.dialect(of: detail["format"]?.value.stringValue)
        switch detail["type"]?.value.stringValue {
        case "reasoning.text":
            let text = try detail["text"]?.string() ?? ""
            let given = try detail["signature"]?.string() ?? ""
            guard !text.isEmpty || !given.isEmpty else { return nil }
            return ModelPart(
                .reasoning(text, given.isEmpty ? nil : Signature(given: given, by: dialect)), in: detail.path)
        case "reasoning.encrypted":
            let data = try detail.required("data", "a string")
            // Gemini's thoughts are never encrypted; what it signs has this form at some services.
            let signature = Signature(given: try data.string(), by: dialect, isRedacted: dialect != .gemini)
            return ModelPart(.reasoning("", signature), in: detail.path)
        case "reasoning.summary":
            return ModelPart(.reasoning(try detail["summary"]?.string() ?? "", nil), in: detail.path)
        default: return nil
        }
    }

    private static func dialect(of format: String?) -> DialectName {
        switch format {
        case "anthropic-claude-v1": .anthropic
        case "google-gemini-v1": .gemini
        default: .openAIChat
        }
    }

    /// Gemini's signature right before a call, in the form that Google documents for Chat's clients.
    static func signature(ofCall call: RequestField) throws(RequestError) -> Signature? {
        guard let given = try call["extra_content"]?["google"]?["thought_signature"]?.string(), !given.isEmpty else {
            return nil
        }
        return Signature(given: given, by: .gemini)
    }

    /// The reasoning with that signature, which belongs to a call and not to the beginning.
    mutating func take(_ signature: Signature, in field: String) -> ModelPart {
        guard let place = signed.removeValue(forKey: signature), let part = places[place] else {
            return ModelPart(.reasoning("", signature), in: field)
        }
        places[place] = nil
        return part
    }
}
