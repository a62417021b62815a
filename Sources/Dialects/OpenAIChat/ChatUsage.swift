import FreshetGeneration
import FreshetPartialJSON

/// The `usage` object of Chat Completions.
enum ChatUsage {
    /// Reads a provider's report.
    ///
    /// - Parameter raw: The raw value of `usage`.
    /// - Returns: Nil when it is null or has no counts.
    static func reading(_ raw: Span<UInt8>) -> Usage? {
        guard let value = try? JSONValue(parsing: raw), value.objectValue != nil else { return nil }
        var usage = Usage()
        usage.inputTokens = count(value["prompt_tokens"])
        usage.outputTokens = count(value["completion_tokens"])
        usage.cachedInputTokens = count(value["prompt_tokens_details"]?["cached_tokens"])
        usage.reasoningTokens = count(value["completion_tokens_details"]?["reasoning_tokens"])
        return usage == Usage() ? nil : usage
    }

    private static func count(_ value: JSONValue?) -> Int64? {
        guard let number = value?.intValue, number >= 0 else { return nil }
        return Int64(number)
    }

    /// Appends the object, for usage that came from another dialect.
    static func append(_ usage: Usage, to out: inout [UInt8]) {
        let (input, output) = (usage.inputTokens ?? 0, usage.outputTokens ?? 0)
        out += "{\"prompt_tokens\":\(input),\"completion_tokens\":\(output)".utf8
        out += ",\"total_tokens\":\(input &+ output)".utf8
        if let cached = usage.cachedInputTokens {
            out += ",\"prompt_tokens_details\":{\"cached_tokens\":\(cached)}".utf8
        }
        if let reasoning = usage.reasoningTokens {
            out += ",\"completion_tokens_details\":{\"reasoning_tokens\":\(reasoning)}".utf8
        }
        out.append(0x7D)
    }
}
