/// How long each phase of an attempt may take.
public struct AttemptDeadlines: Equatable, Sendable {
    /// Until the connection stands, TLS included.
    @Nanoseconds public var connect = Duration.seconds(5)
    /// From the request until the response's head.
    @Nanoseconds public var head = Duration.seconds(30)
    /// From the request until the first content; where reasoning was asked for the caller gives a longer one.
    @Nanoseconds public var content = Duration.seconds(60)
    /// From one event to the next once content flowed.
    @Nanoseconds public var silence = Duration.seconds(60)
    /// The same while the provider shows that it is alive: pings, or a tool call that is open.
    @Nanoseconds public var stretchedSilence = Duration.seconds(300)
    /// Of the whole attempt.
    @Nanoseconds public var total = Duration.seconds(30 * 60)
    /// From the finish until usage and the end mark; past it the answer is whole without them.
    @Nanoseconds public var trailer = Duration.seconds(2)

    /// The gateway's defaults.
    public init() {}
}
