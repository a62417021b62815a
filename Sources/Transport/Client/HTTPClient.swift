public import FreshetHTTPWire

/// The HTTP/1.1 client of one loop: keeps connections and sends requests over them. Redirects are never followed,
/// bodies come as they are on the wire.
public final class HTTPClient {
    /// What a client allows itself and its peers.
    public struct Limits: Sendable {
        /// Of heads, fields and chunk lines; past one the request fails as `malformed`.
        public var wire = HTTPLimits()
        /// For name, connection and TLS together.
        public var connectTimeout = Duration.seconds(5)
        /// A connection that waits longer for its next request is closed.
        public var idleTimeout = Duration.seconds(60)
        /// Waiting connections per origin and key; past it the one that waited longest is closed.
        public var idleConnections = 64
        /// Addresses of one name that are tried.
        public var addresses = 6
        /// Bytes per connection that the kernel keeps unread (SO_RCVBUF); nil leaves it to the kernel.
        public var receiveBufferBytes: Int?
        /// The default limits.
        public init() {}
    }

    struct PoolKey: Hashable {
        let origin: HTTPOrigin
        let key: String
    }

    /// Where the client lives.
    public let loop: EventLoop
    let limits: Limits
    let tls: TLSProfile?
    let resolver: Resolver
    private var idle: [PoolKey: [HTTPClientConnection]] = [:]
    private var resumptions: [PoolKey: TLSResumption] = [:]
    private static let resumptionsKept = 256

    /// On the loop or before it is used there.
    ///
    /// - Parameters:
    ///   - loop: Everything happens on it, the delegates' calls too.
    ///   - tls: nil refuses https.
    ///   - resolver: May be shared by the clients of all loops, and its cache with it.
    ///   - limits: Fixed from here on.
    public init(loop: EventLoop, tls: TLSProfile?, resolver: Resolver, limits: Limits = Limits()) {
        self.loop = loop
        self.tls = tls
        self.resolver = resolver
        self.limits = limits
    }

    /// Sends a request over a waiting connection or a new one.
    ///
    /// A request over a waiting connection that turns out to be closed is sent once more over a new one, provided that it
    /// cannot have been read: servers close idle connections at any moment.
    public func send(_ request: HTTPClientRequest, to delegate: any HTTPClientDelegate) -> HTTPClientExchange {
        loop.preconditionOnLoop()
        let exchange = HTTPClientExchange(request: request, delegate: delegate)
        let key = PoolKey(origin: request.origin, key: request.poolKey)
        if let connection = takeIdle(key) { connection.reuse(for: exchange) } else { connect(exchange, key) }
        return exchange
    }

    /// Closes the connections that wait; requests under way go on.
    public func closeIdle() {
        let waiting = idle.values.joined()
        idle = [:]
        for connection in waiting { connection.abandon() }
    }

    /// Connections that wait for a request.
    public var idleCount: Int { idle.values.reduce(0) { $0 + $1.count } }

    func connect(_ exchange: HTTPClientExchange, _ key: PoolKey) {
        HTTPClientConnection(client: self, key: key).begin(exchange)
    }

    func keep(_ connection: HTTPClientConnection) {
        var waiting = idle.removeValue(forKey: connection.key) ?? []
        let oldest = waiting.count >= limits.idleConnections && !waiting.isEmpty ? waiting.removeFirst() : nil
        waiting.append(connection)
        idle[connection.key] = waiting
        oldest?.abandon()
    }

    func forget(_ connection: HTTPClientConnection) {
        guard let place = idle[connection.key]?.firstIndex(where: { $0 === connection }) else { return }
        idle[connection.key]?.remove(at: place)
        if idle[connection.key]?.isEmpty == true { idle[connection.key] = nil }
    }

    private func takeIdle(_ key: PoolKey) -> HTTPClientConnection? {
        while let connection = idle[key]?.popLast() {
            if idle[key]?.isEmpty == true { idle[key] = nil }
            if connection.isStillOpen { return connection }
            connection.abandon()
        }
        return nil
    }

    func resumption(for key: PoolKey) -> TLSResumption? { resumptions[key] }

    func keep(_ resumption: TLSResumption, for key: PoolKey) {
        if resumptions.count >= Self.resumptionsKept { resumptions = [:] }
        resumptions[key] = resumption
    }
}
