/// One thing for the server to do, and when.
package struct SimulatorStep: Equatable, Sendable {
    /// What a server can do.
    package enum Action: Equatable, Sendable {
        /// Send the bytes that were appended, as one write.
        case write
        /// End the body properly; the connection may go on.
        case end
        /// Close the connection (FIN) although the body has not ended.
        case cut
        /// Reset the connection (RST).
        case reset
        /// Do nothing more and keep the connection open until the client leaves.
        case stall
    }

    /// Microseconds since the request was complete. Never less than the step's before; a server that is late does what
    /// is due at once, so that the schedule does not drift.
    package var due: UInt64
    /// What to do then.
    package var action: Action
}

/// The head of a response.
package struct SimulatorHead: Equatable, Sendable {
    /// HTTP status.
    package var status = 200
    /// Without lengths and codings.
    package var headers: [Header]
    /// Bytes of the body; `nil`: chunked.
    package var contentLength: Int?

    /// One header field.
    package struct Header: Equatable, Sendable {
        /// In lower case.
        package var name: String
        /// Visible ASCII and spaces.
        package var value: String
    }

    init(status: Int = 200, contentType: String, contentLength: Int? = nil) {
        self.status = status
        self.contentLength = contentLength
        headers = [Header(name: "content-type", value: contentType)]
    }
}
