/// How the body of a response ends.
public enum HTTPResponseFraming: Equatable, Sendable {
    /// There is none, whatever the fields say (HEAD, 1xx, 204, 304).
    case none
    /// After so many bytes.
    case length(UInt64)
    case chunked
    /// With the connection.
    case untilClose
}

/// The head of a response that a client received.
public struct HTTPResponseHead: Equatable, Sendable {
    /// From 100 to 599.
    public var status: Int
    /// May be empty; means nothing.
    public var reason: String
    /// HTTP/1.1 or HTTP/1.0.
    public var version: HTTPVersion
    /// All fields, those of the framing too.
    public var fields: HTTPFields
    /// How the body ends.
    public var framing: HTTPResponseFraming
    /// Whether another request may be sent on this connection once the response has ended.
    public var keepAlive: Bool

    /// Whether this is a 1xx: the response proper is still to come.
    public var isInterim: Bool { status < 200 }
}

/// What `HTTPResponseDecoder` found next.
public enum HTTPResponsePart: Equatable, Sendable {
    /// The head; an interim (1xx) one is followed by another head.
    indirect case head(HTTPResponseHead)
    /// Bytes of the body, as a range of the input handed to this call.
    case body(Range<Int>)
    case end
}
