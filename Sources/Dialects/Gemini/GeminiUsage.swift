import FreshetGeneration
import FreshetPartialJSON

/// The counts of `usageMetadata`, as far as they have come: they are cumulative, and left out now and then; of each
/// the last report holds.
///
/// Gemini counts thoughts apart from the candidates, and what its own tools put into the prompt apart from the prompt.
struct GeminiUsage: Equatable {
    private var prompt: Int64?
    private var toolUsePrompt: Int64?
    private var cached: Int64?
    private var candidates: Int64?
    private var thoughts: Int64?

    /// The same in our words; nil where nothing was counted.
    var usage: Usage? {
        var usage = Usage(inputTokens: Self.sum(prompt, toolUsePrompt), outputTokens: Self.sum(candidates, thoughts))
        (usage.cachedInputTokens, usage.reasoningTokens) = (cached, thoughts)
        return usage == Usage() ? nil : usage
    }

    private static func sum(_ one: Int64?, _ other: Int64?) -> Int64? {
        one == nil && other == nil ? nil : (one ?? 0) &+ (other ?? 0)
    }

    /// Merges one report, field by field. O(bytes).
    ///
    /// - Parameters:
    ///   - range: The raw value of `usageMetadata`; any JSON.
    ///   - text: The chunk it stands in.
    mutating func merge(_ range: Range<Int>, _ text: Span<UInt8>) {
        let raw = text.extracting(range)
        var json = JSONTokenizer()
        guard let first = try? json.next(in: raw), first == .objectStart else { return }
        while let token = try? json.next(in: raw), case .key(let name) = token {
            guard let value = try? json.skipValue(in: raw) else { return }
            guard let count = raw.wholeNumber(at: value) else { continue }
            if name.equals("promptTokenCount", in: raw) {
                prompt = count
            } else if name.equals("candidatesTokenCount", in: raw) {
                candidates = count
            } else if name.equals("thoughtsTokenCount", in: raw) {
                thoughts = count
            } else if name.equals("cachedContentTokenCount", in: raw) {
                cached = count
            } else if name.equals("toolUsePromptTokenCount", in: raw) {
                toolUsePrompt = count
            }
        }
    }

    /// Appends the object, for usage that came from another dialect.
    static func append(_ usage: Usage, to out: inout [UInt8]) {
        let (input, output, thoughts) = (usage.inputTokens ?? 0, usage.outputTokens ?? 0, usage.reasoningTokens ?? 0)
        out += "{\"promptTokenCount\":\(input),\"candidatesTokenCount\":\(max(0, output &- thoughts))".utf8
        if let cached = usage.cachedInputTokens { out += ",\"cachedContentTokenCount\":\(cached)".utf8 }
        if let thoughts = usage.reasoningTokens { out += ",\"thoughtsTokenCount\":\(thoughts)".utf8 }
        out += ",\"totalTokenCount\":\(input &+ max(output, thoughts))}".utf8
    }
}
