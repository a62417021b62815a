/// Names that may become label values: a client can invent as many models as it likes, and each would be kept for ever.
///
/// Configured names always may. Any other one may once a provider has answered under it, up to a bound; until then,
/// and past the bound, it counts as `other`.
struct MetricNames: Sendable {
    /// Stands for all names that have no series of their own.
    static let other = "other"
    /// Names beside the configured ones.
    private static let learnedLimit = 50
    private static let longest = 128

    /// The configured ones, and those that were learned.
    private var known: Set<String>
    private let limit: Int

    init(configured: Set<String>) {
        known = configured
        limit = configured.count + Self.learnedLimit
    }

    /// The label's value for a name.
    ///
    /// - Parameters:
    ///   - name: As a client or a route gave it.
    ///   - isProven: Whether a provider has just answered under it.
    /// - Returns: The name or `other`.
    mutating func label(_ name: String, isProven: Bool) -> String {
        if known.contains(name) { return name }
        guard isProven, known.count < limit, name.utf8.count <= Self.longest else { return Self.other }
        known.insert(name)
        return name
    }

    /// A failure's code as a label: a provider's own words are as many as it likes.
    static func errorType(_ code: String, isProvidersWord: Bool) -> String {
        if isProvidersWord { return "provider_error" }
        return ownCodes.contains(code) ? code : other
    }

    private static let ownCodes: Set = [
        "invalid_request", "unauthorized", "forbidden", "model_not_found", "not_found", "method_not_allowed", "gone",
        "conflict", "idempotency_mismatch", "too_large", "overloaded", "provider_auth", "provider_unreachable",
        "provider_malformed", "provider_truncated",
        "provider_error", "provider_timeout", "shutting_down", "log_full", "abandoned",
    ]
}
