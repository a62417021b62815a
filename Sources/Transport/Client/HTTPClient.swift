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
    private var pools: [PoolKey: HTTPClientPool] = [:]
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
        let pool = pool(PoolKey(origin: request.origin, key: request.poolKey))
        if let connection = takeIdle(pool) { connection.reuse(for: exchange) } else { connect(exchange, pool) }
        return exchange
    }

    /// Closes the connections that wait; requests under way go on.
    public func closeIdle() {
        for pool in pools.values {
            for connection in pool.takeAll() { connection.abandon() }
        }
    }

    /// Connections that wait for a request.
    public var idleCount: Int { pools.values.reduce(0) { $0 + $1.waiting.count } }

    func connect(_ exchange: HTTPClientExchange, _ pool: HTTPClientPool) {
        HTTPClientConnection(client: self, pool: pool).begin(exchange)
    }

    func keep(_ connection: HTTPClientConnection) {
        connection.pool.keep(connection, limit: limits.idleConnections)?.abandon()
    }

    /// The connection is open no longer.
    func forget(_ connection: HTTPClientConnection) {
        let pool = connection.pool
        pool.forget(connection)
        pool.connections -= 1
        if pool.connections == 0, pools[pool.key] === pool { pools[pool.key] = nil }
    }

    private func pool(_ key: PoolKey) -> HTTPClientPool {
        if let pool = pools[key] { return pool }
        let pool = HTTPClientPool(key: key)
        pools[key] = pool
        return pool
    }

    private func takeIdle(_ pool: HTTPClientPool) -> HTTPClientConnection? {
        while let connection = pool.take() {
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
