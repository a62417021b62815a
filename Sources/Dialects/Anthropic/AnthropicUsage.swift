import FreshetGeneration
import FreshetPartialJSON

/// Tokens as Anthropic counts them: those of the request in three parts that do not overlap.
///
/// Reports are cumulative, and leave out what they said before; a report is filled up from those before it. One that says
/// less than an earlier one holds, as for the vendor's own clients: what was guessed in the beginning is counted in the end.
struct AnthropicUsage {
    private var input: Int64?
    private var cacheWrite: Int64?
    private var cacheRead: Int64?
    private var output: Int64?
    private var thinking: Int64?

    /// Takes one report.
    ///
    /// - Parameters:
    ///   - range: The raw value of `usage`.
    ///   - text: Where it lies.
    /// - Returns: All that is known by now; nil when the report has no counts.
    mutating func take(_ range: Range<Int>, _ text: Span<UInt8>) -> Usage? {
        guard text[range.lowerBound] == 0x7B,
            let members = try? JSONSplice.members(of: text.extracting(range))
        else { return nil }
        let raw = text.extracting(range)
        func count(_ name: StaticString) -> Int64? {
            members.last { $0.name.equals(name, in: raw) }.flatMap { raw.wholeNumber(at: $0.valueRange) }
        }
        let report = (
            input: count("input_tokens"), write: count("cache_creation_input_tokens"),
            read: count("cache_read_input_tokens"), output: count("output_tokens")
        )
        var thinking: Int64?
        if let details = members.last(where: { $0.name.equals("output_tokens_details", in: raw) }) {
            let inner = raw.extracting(details.valueRange)
            thinking = (try? JSONSplice.members(of: inner))?.last { $0.name.equals("thinking_tokens", in: inner) }
                .flatMap { inner.wholeNumber(at: $0.valueRange) }
        }
        guard report != (nil, nil, nil, nil) || thinking != nil else { return nil }
        // No request has no tokens: servers that say so in the last report mean that they said it before.
        let isSilent = report.input == 0 && report.write ?? 0 == 0 && report.read ?? 0 == 0
        (input, cacheWrite) = (isSilent ? input ?? 0 : report.input ?? input, report.write ?? cacheWrite)
        (cacheRead, output) = (report.read ?? cacheRead, report.output ?? output)
        self.thinking = thinking ?? self.thinking
        return usage
    }

    private var usage: Usage {
        var usage = Usage(inputTokens: nil, outputTokens: output)
        if input != nil || cacheWrite != nil || cacheRead != nil {
            // Counts have at most 18 digits.
            usage.inputTokens = (input ?? 0) + (cacheWrite ?? 0) + (cacheRead ?? 0)
        }
        (usage.cachedInputTokens, usage.cacheWriteTokens, usage.reasoningTokens) = (cacheRead, cacheWrite, thinking)
        return usage
    }

    /// Appends the object that tells usage of any dialect. The counts that the vendor always gives are there, 0 where
    /// nobody said.
    static func append(_ usage: Usage?, to out: inout [UInt8]) {
        let (cached, written) = (usage?.cachedInputTokens, usage?.cacheWriteTokens)
        let apart = (cached ?? 0).addingReportingOverflow(written ?? 0).partialValue
        let input = max(0, (usage?.inputTokens ?? 0).subtractingReportingOverflow(apart).partialValue)
        out += "{\"input_tokens\":".utf8
        out.appendJSON(integer: input)
        if let written {
            out += ",\"cache_creation_input_tokens\":".utf8
            out.appendJSON(integer: written)
        }
        if let cached {
            out += ",\"cache_read_input_tokens\":".utf8
            out.appendJSON(integer: cached)
        }
        out += ",\"output_tokens\":".utf8
        out.appendJSON(integer: usage?.outputTokens ?? 0)
        if usage?.isEstimate == true { out += ",\"estimated\":true".utf8 }
        if let reasoning = usage?.reasoningTokens {
            out += ",\"output_tokens_details\":{\"thinking_tokens\":".utf8
            out.appendJSON(integer: reasoning)
            out.append(0x7D)
        }
        out.append(0x7D)
    }
}
