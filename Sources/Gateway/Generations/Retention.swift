/// How long a generation's log is kept, and what a reader's leaving means.
enum Retention: Equatable, Sendable {
    /// Until its only reader has read it; when that reader leaves, the provider is cancelled at once.
    case untilRead
    /// In memory, until `beyondEnd` after its end; without a reader it runs on for `grace`.
    case window(grace: Duration, beyondEnd: Duration)
    /// Until `beyondEnd` after its end, or until its place is needed; without a reader it runs on for `grace`, where that
    /// is nil to its end. No reader governs it.
    case logged(grace: Duration?, beyondEnd: Duration)

    /// What `GET /api/chat` promises its readers.
    static let eventSource = Retention.window(grace: .seconds(5), beyondEnd: .seconds(60))

    /// How long it runs on when its last reader has left; nil to its end.
    var grace: Duration? {
        switch self {
        case .untilRead: .zero
        case .window(let grace, _): grace
        case .logged(let grace, _): grace
        }
    }

    /// Whether it is kept for readers that come later and from elsewhere.
    var isLogged: Bool { if case .logged = self { true } else { false } }
}
