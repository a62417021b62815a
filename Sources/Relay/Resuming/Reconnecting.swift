/// Decides how a reader goes on when its connection breaks: soon, then after longer and longer pauses, until the gateway
/// was not to be reached for too long.
public struct Reconnecting: Equatable, Sendable {
    /// What the reader does next.
    public enum Action: Equatable, Sendable {
        /// Ask again for what it has not got, after this pause.
        case reconnect(after: Duration)
        /// Say that the stream broke off.
        case giveUp
    }

    /// The longest each pause may be; the last holds from there on.
    private static let pauses: [Duration] = [
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2),
    ]
    /// A gateway that lets a reader attach again and again and never says anything new is of no use either.
    private static let fruitlessLimit = 100

    private let patience: Duration
    private var fruitless = 0
    private var brokenSince: Moment?

    /// - Parameter patience: How long a gateway that is not to be reached is tried.
    public init(patience: Duration = .seconds(60)) { self.patience = patience }

    /// The gateway lets the reader go on: it is there.
    public mutating func attached() { brokenSince = nil }

    /// An event came that was new.
    public mutating func progressed() { (fruitless, brokenSince) = (0, nil) }

    /// The connection broke, could not be made, or the gateway said that it cannot just now.
    ///
    /// - Parameters:
    ///   - moment: On one clock for all calls.
    ///   - wish: How long the gateway asked to be left alone; nil where it did not.
    ///   - jitter: In `0..<1`, drawn by the caller, so that the readers of a gateway do not all come back at once.
    /// - Returns: What to do now.
    public mutating func broke(at moment: Moment, asking wish: Duration? = nil, jitter: Double) -> Action {
        let since = brokenSince ?? moment
        brokenSince = since
        guard moment < since + patience, fruitless < Self.fruitlessLimit else { return .giveUp }
        let longest = Self.pauses[min(fruitless, Self.pauses.count - 1)]
        fruitless += 1
        let pause = max(longest * (0.5 + jitter / 2), wish ?? .zero)
        let left = (since + patience).nanoseconds - moment.nanoseconds
        return .reconnect(after: min(pause, .nanoseconds(left)))
    }
}
