public import FreshetDialects
public import FreshetHTTPWire

/// Which header fields travel through the gateway; all others stay on their side.
public enum RelayedFields {
    private static let toAll = ["user-agent", "traceparent"]
    private static let toOpenAI = toAll + ["openai-organization", "openai-project", "openai-beta"]
    private static let toAnthropic = toAll + ["anthropic-version", "anthropic-beta"]
    private static let down = ["retry-after", "retry-after-ms", "x-should-retry", "x-request-id", "request-id"]
    private static let downPrefixes = ["x-ratelimit-", "anthropic-ratelimit-", "openai-"]

    /// The client's fields that go to a provider: nothing that is meant for another vendor.
    public static func upwards(_ fields: HTTPFields, to dialect: ProviderDialect) -> HTTPFields {
        switch dialect {
        case .openAIChat: fields.named(toOpenAI, beginning: [])
        case .anthropic: fields.named(toAnthropic, beginning: [])
        case .gemini: fields.named(toAll, beginning: [])
        }
    }

    /// The provider's fields that go to the client.
    public static func downwards(_ fields: HTTPFields) -> HTTPFields {
        fields.named(down, beginning: downPrefixes)
    }
}
