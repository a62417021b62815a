/// How the body of a request ends.
public enum HTTPBodyFraming: Equatable, Sendable {
    case none
    /// After so many bytes.
    case length(UInt64)
    case chunked
}

/// The head of a request that a server received.
public struct HTTPRequestHead: Equatable, Sendable {
    /// As it was sent; methods are case-sensitive.
    public var method: String
    /// As it was sent: `/path?query`, `http://host/path?query`, or `*`.
    public var target: String
    /// The target's path, still percent-encoded (`HTTPPath` decodes it); `*` for the asterisk form.
    public var path: String
    /// What stands behind the first `?`, still encoded (`HTTPQuery` decodes it); nil without one.
    public var query: String?
    /// HTTP/1.1 or HTTP/1.0.
    public var version: HTTPVersion
    /// All fields, those of the framing too.
    public var fields: HTTPFields
    /// `Host`; nil only for an HTTP/1.0 client that sent none.
    public var host: HTTPHost?
    /// Whether the client will send another request on this connection.
    public var keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    public var expectsContinue: Bool
    /// How the body ends.
    public var body: HTTPBodyFraming
}

/// What `HTTPRequestDecoder` found next.
public enum HTTPRequestPart: Equatable, Sendable {
    indirect case head(HTTPRequestHead)
    /// Bytes of the body, as a range of the input handed to this call.
    case body(Range<Int>)
    /// The request is complete; what follows is the next one.
    case end
}
