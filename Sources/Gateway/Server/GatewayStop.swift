import FreshetRelay
import FreshetTransport

/// Performs the end of a gateway, as `Stopping` decides.
package struct GatewayStop {
    /// What is left for the process to do.
    package enum Step {
        /// Ask again: soon, once it has begun.
        case goOn
        /// Everything is closed.
        case leave
        /// Somebody is in a hurry.
        case leaveAtOnce
    }

    private let server: GatewayServer
    private var stopping: Stopping
    /// Whether the process was told to end.
    package private(set) var hasBegun = false

    /// Of a gateway that runs.
    package init(_ server: GatewayServer, _ configuration: Configuration) {
        self.server = server
        stopping = Stopping(drain: configuration.limits.drainTime)
    }

    /// Does what is due now.
    ///
    /// - Parameter signal: The one that came; nil when only time has passed.
    /// - Returns: What is left for the process to do.
    package mutating func step(_ signal: Int32?) -> Step {
        let now = Moment(nanoseconds: MonotonicTime.read().nanoseconds)
        let action =
            signal == nil ? stopping.timePassed(isIdle: server.isIdle, at: now) : stopping.signalArrived(at: now)
        switch action {
        case .wait: break
        case .stopAccepting:
            hasBegun = true
            server.stopAccepting()
        case .endStreams: server.endStreams()
        case .leave:
            server.end()
            return .leave
        case .leaveAtOnce: return .leaveAtOnce
        }
        return .goOn
    }
}
