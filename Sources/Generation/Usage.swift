/// Tokens one generation has used. Nil means that nobody said.
public struct Usage: Hashable, Sendable {
    /// Tokens of the request, cached ones included.
    public var inputTokens: Int64?
    /// Tokens of the answer, reasoning included.
    public var outputTokens: Int64?
    /// Tokens of the request that the provider had cached.
    public var cachedInputTokens: Int64?
    /// Tokens of the request that the provider put into its cache.
    public var cacheWriteTokens: Int64?
    /// Tokens of the answer spent on reasoning.
    public var reasoningTokens: Int64?
    /// Whether the figures are this gateway's estimate and no provider's report.
    public var isEstimate = false

    /// Nobody has said anything yet.
    public init() {}

    /// What every provider reports; the finer counts stay unknown.
    public init(inputTokens: Int64?, outputTokens: Int64?) {
        (self.inputTokens, self.outputTokens) = (inputTokens, outputTokens)
    }

    /// Merges field by field and keeps the larger value: providers report cumulatively and leave fields out later.
    public mutating func merge(_ other: Usage) {
        inputTokens = Self.larger(inputTokens, other.inputTokens)
        outputTokens = Self.larger(outputTokens, other.outputTokens)
        cachedInputTokens = Self.larger(cachedInputTokens, other.cachedInputTokens)
        cacheWriteTokens = Self.larger(cacheWriteTokens, other.cacheWriteTokens)
        reasoningTokens = Self.larger(reasoningTokens, other.reasoningTokens)
        isEstimate = isEstimate || other.isEstimate
    }

    private static func larger(_ one: Int64?, _ other: Int64?) -> Int64? {
        guard let one, let other else { return one ?? other }
        return max(one, other)
    }
}
