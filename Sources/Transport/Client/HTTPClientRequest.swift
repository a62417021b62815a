public import FreshetHTTPWire

/// One request of a client.
public struct HTTPClientRequest: Sendable {
    /// Where it goes.
    public var origin: HTTPOrigin
    /// Connections are shared only among requests of one key: one route's credentials never meet another's.
    public var poolKey: String
    /// A token, as it is sent.
    public var method: String
    /// Path and query, as they are sent.
    public var target: String
    /// Without `host`, `content-length`, `transfer-encoding`, `connection`, `expect` and `accept-encoding`: the client
    /// sets the first two and never sends the others.
    public var fields: HTTPFields
    /// Sent with its length; none is announced for an empty body of GET and HEAD.
    public var body: [UInt8]
    /// For name, connection and TLS together; nil takes the client's.
    public var connectTimeout: Duration? {
        get { connectNanoseconds.map { .nanoseconds($0) } }
        set { connectNanoseconds = newValue?.wholeNanoseconds }
    }
    // A `Duration` would have every object that holds a request aligned to 16 bytes, which costs the allocator dear.
    private var connectNanoseconds: Int64?

    /// A request with an empty pool key and no body.
    public init(
        origin: HTTPOrigin, poolKey: String = "", method: String = "GET", target: String = "/",
        fields: HTTPFields = HTTPFields(), body: [UInt8] = []
    ) {
        self.origin = origin
        self.poolKey = poolKey
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }

    /// The head as it goes out.
    func encodedHead() throws(HTTPError) -> [UInt8] {
        var fields = fields
        for name in ["host", "content-length", "transfer-encoding", "connection", "expect", "accept-encoding"] {
            fields.remove(name)
        }
        fields.append("host", origin.authority)
        // Bodies are passed on as they come, and without a word every coding would be acceptable.
        fields.append("accept-encoding", "identity")
        if !body.isEmpty || (method != "GET" && method != "HEAD") {
            fields.append("content-length", String(body.count))
        }
        var bytes: [UInt8] = []
        try HTTPEncoder.encodeRequest(method: method, target: target, fields: fields, into: &bytes)
        return bytes
    }
}
