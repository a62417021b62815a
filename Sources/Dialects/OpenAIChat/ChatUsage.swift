import FreshetGeneration
import FreshetPartialJSON

/// The `usage` object of Chat Completions.
enum ChatUsage {
    /// Reads a provider's report.
    ///
    /// - Parameter raw: The raw value of `usage`.
    /// - Returns: Nil when it is null or has no counts.
    static func reading(_ raw: Span<UInt8>) -> Usage? {
        var (json, usage) = (JSONTokenizer(), Usage())
        do throws(JSONError) {
            try eachMember(&json, raw) { name, json throws(JSONError) in
                if name.equals("prompt_tokens", in: raw) {
                    usage.inputTokens = try count(&json, raw)
                } else if name.equals("completion_tokens", in: raw) {
                    usage.outputTokens = try count(&json, raw)
                } else if name.equals("prompt_tokens_details", in: raw) {
                    (usage.cachedInputTokens, usage.cacheWriteTokens) = try count(
                        "cached_tokens", "cache_write_tokens", &json, raw)
                } else if name.equals("completion_tokens_details", in: raw) {
                    usage.reasoningTokens = try count("reasoning_tokens", "", &json, raw).0
                } else {
                    _ = try json.skipValue(in: raw)
                }
            }
        } catch { return nil }
        return usage == Usage() ? nil : usage
    }

    /// Calls `member` in front of each value of an object; any other value is passed over.
    private static func eachMember(
        _ json: inout JSONTokenizer, _ text: Span<UInt8>,
        _ member: (JSONStringToken, inout JSONTokenizer) throws(JSONError) -> Void
    ) throws(JSONError) {
        let before = json
        guard try json.next(in: text) == .objectStart else {
            json = before
            _ = try json.skipValue(in: text)
            return
        }
        while case .key(let name) = try json.next(in: text) { try member(name, &json) }
    }

    /// Two members of the object that comes next.
    private static func count(
        _ first: StaticString, _ second: StaticString, _ json: inout JSONTokenizer, _ text: Span<UInt8>
    ) throws(JSONError) -> (Int64?, Int64?) {
        var found: (Int64?, Int64?)
        try eachMember(&json, text) { name, json throws(JSONError) in
            if name.equals(first, in: text) {
                found.0 = try count(&json, text)
            } else if name.equals(second, in: text) {
                found.1 = try count(&json, text)
            } else {
                _ = try json.skipValue(in: text)
            }
        }
        return found
    }

    /// The value that comes next, where it is a number of tokens.
    private static func count(_ json: inout JSONTokenizer, _ text: Span<UInt8>) throws(JSONError) -> Int64? {
        text.wholeNumber(at: try json.skipValue(in: text))
    }

    /// Appends the object, for usage that came from another dialect.
    static func append(_ usage: Usage, to out: inout [UInt8]) {
        let (input, output) = (usage.inputTokens ?? 0, usage.outputTokens ?? 0)
        out += "{\"prompt_tokens\":\(input),\"completion_tokens\":\(output)".utf8
        out += ",\"total_tokens\":\(input &+ output)".utf8
        if usage.cachedInputTokens != nil || usage.cacheWriteTokens != nil {
            out += ",\"prompt_tokens_details\":{\"cached_tokens\":\(usage.cachedInputTokens ?? 0)".utf8
            if let written = usage.cacheWriteTokens { out += ",\"cache_write_tokens\":\(written)".utf8 }
            out.append(0x7D)
        }
        if let reasoning = usage.reasoningTokens {
            out += ",\"completion_tokens_details\":{\"reasoning_tokens\":\(reasoning)}".utf8
        }
        out.append(0x7D)
    }
}
