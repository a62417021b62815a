/// How long a generation's log is kept, and what a reader's leaving means.
enum Retention: Equatable, Sendable {
    /// Until its only reader has read it; when that reader leaves, the provider is cancelled at once.
    case untilRead
    /// In memory, until `beyondEnd` after its end; without a reader it runs on for `grace`.
    case window(grace: Duration, beyondEnd: Duration)

    /// What `GET /api/chat` promises its readers.
    static let eventSource = Retention.window(grace: .seconds(5), beyondEnd: .seconds(60))
}
