import FreshetGeneration
import FreshetPartialJSON

/// Writes the reasoning of one answer where Chat's readers know it.
struct ChatReasoningWriter {
    private let reader: ChatMessageWriter.Reader
    /// Whether the answer is one of those behind the user's last word: there some compatible servers want reasoning back.
    private let isInLoop: Bool
    private var details: [JSONValue] = []
    private var plain = ""
    /// Gemini's signature of the reasoning that stands last.
    private var beforeCall: String?
    /// Whether anything stands behind the last text.
    var isSinceText = false

    init(_ reader: ChatMessageWriter.Reader, isInLoop: Bool) { (self.reader, self.isInLoop) = (reader, isInLoop) }

    mutating func add(_ text: String, _ signature: Signature?) {
        isSinceText = true
        beforeCall = signature?.dialect == .gemini ? signature?.value : nil
        switch reader {
        case .inventor: return
        case .compatible:
            // A provider gets only what it signed itself.
            if let signature, signature.dialect == .openAIChat { add(detail: text, signature) }
            if signature == nil { plain += text }
        case .transcript: add(detail: text, signature)
        }
    }

    private mutating func add(detail text: String, _ signature: Signature?) {
        var detail = JSONObject()
        if let signature, signature.isRedacted {
            detail.add("type", "reasoning.encrypted")
            detail.add("data", .string(signature.value))
        } else {
            detail.add("type", "reasoning.text")
            detail.add("text", .string(text))
            detail.add("signature", (signature?.value).map(JSONValue.string))
        }
        switch signature?.dialect {
        case .anthropic: detail.add("format", "anthropic-claude-v1")
        case .gemini: detail.add("format", "google-gemini-v1")
        case nil, .openAIChat, .native, .simple: break
        }
        detail.add("index", .number(JSONNumber(details.count)))
        details.append(.object(detail))
    }

    /// What stands last is no reasoning any more.
    mutating func endCall() { beforeCall = nil }

    /// What a call bears that stands right behind what Gemini signed.
    mutating func takeCallContent() -> JSONValue? {
        defer { beforeCall = nil }
        guard case .transcript = reader, let beforeCall else { return nil }
        return ["google": ["thought_signature": .string(beforeCall)]]
    }

    /// The message's members.
    func members(hasCalls: Bool) -> [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        if !details.isEmpty { members.append(.init(name: "reasoning_details", value: .array(details))) }
        if !plain.isEmpty, isInLoop, hasCalls {
            members.append(.init(name: "reasoning_content", value: .string(plain)))
        }
        return members
    }
}
