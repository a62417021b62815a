import FreshetPartialJSON

/// How many tokens a request may have, where nobody can be asked.
enum TokenEstimate {
    /// Bytes of text a token stands for: about right for English; code and most other scripts take more.
    private static let bytesPerToken = 4

    /// Counts what a model reads: texts, members' names, arguments, schemas. Images, files and signatures count nothing.
    ///
    /// - Parameters:
    ///   - body: A request of any dialect.
    ///   - limits: Of its JSON.
    /// - Returns: At least 1.
    /// - Complexity: O(bytes).
    static func tokens(ofRequest body: [UInt8], limits: JSONLimits) -> Int {
        guard let members = try? JSONSplice.members(of: body.span, limits: limits) else { return 1 }
        var bytes = 0
        for member in members where isRead(member.name, body.span) {
            bytes += self.bytes(in: body.span.extracting(member.valueRange), limits)
        }
        return max(1, (bytes + bytesPerToken - 1) / bytesPerToken)
    }

    /// Whether the model reads a member of the request.
    private static func isRead(_ name: JSONStringToken, _ body: Span<UInt8>) -> Bool {
        let names: [StaticString] = [
            "system", "messages", "tools", "contents", "systemInstruction", "system_instruction",
            "generateContentRequest", "generate_content_request",
        ]
        return names.contains { name.equals($0, in: body) }
    }

    /// Strings and keys below a value; not those whose key says that they are no text.
    private static func bytes(in value: Span<UInt8>, _ limits: JSONLimits) -> Int {
        var tokenizer = JSONTokenizer(limits: limits)
        var bytes = 0
        while let token = try? tokenizer.next(in: value) {
            switch token {
            case .key(let name):
                if isNoText(name, value) {
                    _ = try? tokenizer.skipValue(in: value)
                } else {
                    bytes += name.range.count
                }
            case .string(let text): bytes += text.range.count
            case .number(let range): bytes += range.count
            case .objectStart, .objectEnd, .arrayStart, .arrayEnd, .bool, .null: break
            case .end: return bytes
            }
        }
        return bytes
    }

    private static func isNoText(_ name: JSONStringToken, _ value: Span<UInt8>) -> Bool {
        let names: [StaticString] = [
            "data", "signature", "thoughtSignature", "thought_signature", "cache_control", "role", "type", "id",
            "tool_use_id", "media_type", "mimeType", "mime_type",
        ]
        return names.contains { name.equals($0, in: value) }
    }
}
