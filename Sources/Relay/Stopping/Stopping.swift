/// Decides how a process that was told to end goes about it: stop accepting, let answers end for a while, tell the rest,
/// leave. A second signal leaves at once.
public struct Stopping: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case serving
        /// What is open goes on until then.
        case draining(until: Moment)
        /// What was left has been told, and may take notice until then.
        case ending(until: Moment)
        case over
    }

    /// What the driver does next.
    public enum Action: Equatable, Sendable {
        /// Nothing yet; ask again soon.
        case wait
        /// Close the listening socket and connections without a request.
        case stopAccepting
        /// End what is still running, with an error that its readers see.
        case endStreams
        /// Close what is open and end the process.
        case leave
        /// End the process without looking back.
        case leaveAtOnce
    }

    private var state = State.serving
    private let drain: Duration
    private let farewell: Duration

    /// - Parameters:
    ///   - drain: For answers to end by themselves.
    ///   - farewell: Afterwards, for readers to take the error.
    public init(drain: Duration, farewell: Duration = .seconds(2)) { (self.drain, self.farewell) = (drain, farewell) }

    /// The process was told to end.
    ///
    /// - Parameter moment: On the clock that all later moments come from.
    /// - Returns: What to do now.
    public mutating func signalArrived(at moment: Moment) -> Action {
        switch state {
        case .serving:
            state = .draining(until: moment + drain)
            return .stopAccepting
        case .draining, .ending, .over:
            state = .over
            return .leaveAtOnce
        }
    }

    /// Some time has passed.
    ///
    /// - Parameters:
    ///   - isIdle: Whether no connection is open, none can come, and nothing runs for readers who come later.
    ///   - moment: On the clock of `signalArrived`.
    /// - Returns: What to do now.
    public mutating func timePassed(isIdle: Bool, at moment: Moment) -> Action {
        switch state {
        case .serving, .over: return .wait
        case .draining(let end) where !isIdle && moment >= end:
            state = .ending(until: moment + farewell)
            return .endStreams
        case .ending(let end) where !isIdle && moment < end: return .wait
        case .draining where !isIdle: return .wait
        case .draining, .ending:
            state = .over
            return .leave
        }
    }
}
