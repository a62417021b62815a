/// How long each phase of an attempt may take.
public struct AttemptDeadlines: Equatable, Sendable {
    /// Until the connection stands, TLS included.
    @Nanoseconds(seconds: 5) public var connect: Duration
    /// From the request until the response's head.
    @Nanoseconds(seconds: 30) public var head: Duration
    /// From the request until the first content; where reasoning was asked for the caller gives a longer one.
    @Nanoseconds(seconds: 60) public var content: Duration
    /// From one event to the next once content flowed.
    @Nanoseconds(seconds: 60) public var silence: Duration
    /// The same while the provider shows that it is alive: pings, or a tool call that is open.
    @Nanoseconds(seconds: 300) public var stretchedSilence: Duration
    /// Of the whole attempt.
    @Nanoseconds(seconds: 30 * 60) public var total: Duration
    /// From the finish until usage and the end mark; past it the answer is whole without them.
    @Nanoseconds(seconds: 2) public var trailer: Duration

    /// The gateway's defaults.
    public init() {}
}
