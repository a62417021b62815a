/// How much is logged.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// Also each attempt at a provider, and probes of health and metrics that went well.
    case debug
    /// Each request.
    case info
    /// Requests that failed through no fault of their caller, and lines that were lost.
    case warn
    /// Nothing.
    case off

    /// Whether `one` says more than `other`.
    package static func < (one: LogLevel, other: LogLevel) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warn: 2
        case .off: 3
        }
    }
}

/// What a line looks like.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `text` where standard output is a terminal, else `json`.
    case auto
    /// One JSON object a line, for programs.
    case json
    /// For a person who watches.
    case text
}
