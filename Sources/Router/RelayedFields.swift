public import FreshetHTTPWire

/// Which header fields travel through the gateway; all others stay on their side.
public enum RelayedFields {
    private static let up = [
        "user-agent", "traceparent", "openai-organization", "openai-project", "openai-beta", "anthropic-version",
        "anthropic-beta",
    ]
    private static let down = ["retry-after", "retry-after-ms", "x-should-retry", "x-request-id", "request-id"]
    private static let downPrefixes = ["x-ratelimit-", "anthropic-ratelimit-", "openai-"]

    /// The client's fields that go to the provider.
    public static func upwards(_ fields: HTTPFields) -> HTTPFields {
        fields.named(up, beginning: [])
    }

    /// The provider's fields that go to the client.
    public static func downwards(_ fields: HTTPFields) -> HTTPFields {
        fields.named(down, beginning: downPrefixes)
    }
}
