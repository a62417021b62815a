public import FreshetHTTPWire

/// Where a server listens, and what it grants its clients.
public struct HTTPServerConfiguration: Sendable {
    /// An IP literal: `127.0.0.1`, `::1`, `0.0.0.0`; `::` takes IPv4 too.
    public var address: String
    /// 0 takes any free port; see `HTTPServer.localAddress`.
    public var port: UInt16
    /// Connections that the kernel holds until they are accepted.
    public var backlog = 4096
    /// What is granted to each client and to all together.
    public var limits = Limits()
    /// How long clients may take.
    public var timeouts = Timeouts()

    /// Listens on `address` with the default limits.
    public init(address: String = "127.0.0.1", port: UInt16 = 0) {
        self.address = address
        self.port = port
    }

    /// Sizes and counts.
    public struct Limits: Sendable {
        /// Of heads, fields and chunk lines; past one the answer is its status, then closed.
        public var wire = HTTPLimits()
        /// Open connections; past it a new one is answered 503 and closed.
        public var connections = 10_000
        /// Bytes of one request's body; past it 413 and closed.
        public var bodyBytes = 32 << 20
        /// Bytes of all bodies held at once; past it 503 with `retry-after` and closed.
        public var allBodiesBytes = 256 << 20
        /// Bytes of further requests held while one is answered; past it nothing is read until its end.
        public var pipelinedBytes = 64 << 10
        /// Bytes per second that a body must bring, measured over 10 s; below it 408 and closed.
        public var bodyBytesPerSecond = 1 << 10
        /// Bytes per connection that the kernel keeps for a slow reader (SO_SNDBUF); nil leaves it to the kernel.
        public var sendBufferBytes: Int? = 256 << 10
        /// Bytes per connection that the kernel takes of what a client sends unasked (SO_RCVBUF); nil leaves it to the
        /// kernel.
        public var receiveBufferBytes: Int? = 256 << 10
        /// `onWritable` comes when less than this is left of what the socket had refused.
        public var lowWaterBytes = 64 << 10
        /// The default limits.
        public init() {}
    }

    /// Durations.
    public struct Timeouts: Sendable {
        /// For a whole head from its first byte, or from the connection's start; then 408 and closed.
        public var head = Duration.seconds(10)
        /// For the next request on a kept connection; then closed.
        public var idle = Duration.seconds(60)
        /// For a client to take anything of what waits for it; then closed, `onGone`.
        public var write = Duration.seconds(60)
        /// For a client's machine to answer anything, while bytes are under way to it and in silence; then closed,
        /// `onGone`. Noticed up to a quarter later.
        public var peer = Duration.seconds(30)
        /// For a client to take notice of an answer after which the connection closes; then reset.
        public var linger = Duration.seconds(2)
        /// The default times.
        public init() {}
    }
}
