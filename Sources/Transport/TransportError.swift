/// Why a connection, a request or a listening socket failed. Its message never holds credentials or peers' bytes.
public struct TransportError: Error, Sendable {
    /// The kind of failure; open, so that a reader treats one it does not know as a failure of the connection.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name in logs and metrics.
        public let description: String

        /// The host's name has no address, or nobody could be asked.
        public static let nameNotResolved = Code(description: "name_not_resolved")
        /// Every address refused the connection or could not be reached.
        public static let connectFailed = Code(description: "connect_failed")
        /// The time for name, connection and TLS together has run out.
        public static let connectTimedOut = Code(description: "connect_timed_out")
        /// The TLS handshake failed, or the certificate is not to be trusted.
        public static let tlsFailed = Code(description: "tls_failed")
        /// The peer closed before its message was whole.
        public static let closed = Code(description: "closed")
        /// The peer reset the connection, or the network gave it up.
        public static let connectionLost = Code(description: "connection_lost")
        /// The peer's bytes are not HTTP.
        public static let malformed = Code(description: "malformed")
        /// The request names an origin that cannot be asked.
        public static let invalidRequest = Code(description: "invalid_request")
        /// The loop ended.
        public static let loopStopped = Code(description: "loop_stopped")
        /// The operating system refused something.
        public static let systemFailure = Code(description: "system_failure")
    }

    /// The kind of failure.
    public let code: Code
    /// For people; without credentials.
    public var message: String { peer.map { "\($0): \(cause)" } ?? cause }
    /// The same without the peer's address: for those who are not to know who is asked.
    public let cause: String
    private let peer: String?
    /// Whether not one byte of the request was handed to the kernel.
    public internal(set) var sentNothing = true
    /// Whether the request went over a connection that had carried another one before.
    public internal(set) var wasReused = false

    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - cause: For people; without credentials.
    ///   - peer: Its name or address; nil where the failure is not its own.
    init(_ code: Code, _ cause: String, of peer: String? = nil) {
        (self.code, self.cause, self.peer) = (code, cause, peer)
    }
}

extension TransportError: CustomStringConvertible {
    /// Code and message, as logs show them.
    public var description: String { "\(code): \(message)" }
}
