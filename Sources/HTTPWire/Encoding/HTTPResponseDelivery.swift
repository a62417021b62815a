/// How one response is to be sent: what its head says about its body, and what becomes of the connection.
public struct HTTPResponseDelivery: Equatable, Sendable {
    /// What the head says. `chunked`: each piece goes through `HTTPEncoder.encodeChunk`; the others: bytes as they are.
    public let framing: HTTPResponseFraming
    /// Whether a body follows the head. Not for HEAD, whose head is that of a GET.
    public let sendsBody: Bool
    /// Whether the connection takes another request afterwards; closed otherwise.
    public let keepAlive: Bool
    private let isToldToKeepAlive: Bool

    /// - Parameters:
    ///   - method: The request's method.
    ///   - version: The request's version; HTTP/1.0 knows no chunks, its streams end with the connection.
    ///   - status: The response's status.
    ///   - length: The body's bytes, when they are known now.
    ///   - keepAlive: Whether the client and we would keep the connection.
    public init(method: String, version: HTTPVersion, status: Int, length: UInt64?, keepAlive: Bool) {
        if status < 200 || status == 204 || status == 304 {
            framing = .none
        } else if let length {
            framing = .length(length)
        } else {
            framing = version >= .http11 ? .chunked : .untilClose
        }
        sendsBody = framing != .none && method != "HEAD"
        self.keepAlive = keepAlive && (framing != .untilClose || !sendsBody)
        isToldToKeepAlive = self.keepAlive && version < .http11
    }

    /// How to answer `request`. `keepAlive` is what we want; the client's wish is in the head.
    public init(answering request: HTTPRequestHead, status: Int, length: UInt64?, keepAlive: Bool = true) {
        self.init(
            method: request.method, version: request.version, status: status, length: length,
            keepAlive: keepAlive && request.keepAlive)
    }

    /// Puts `Content-Length`, `Transfer-Encoding` and `Connection` into a head in place of any that are there.
    public func apply(to fields: inout HTTPFields) {
        for name in ["content-length", "transfer-encoding", "connection"] { fields.remove(name) }
        switch framing {
        case .none, .untilClose: break
        case .length(let count): fields.append("content-length", String(count))
        case .chunked: fields.append("transfer-encoding", "chunked")
        }
        if !keepAlive {
            fields.append("connection", "close")
        } else if isToldToKeepAlive {
            fields.append("connection", "keep-alive")
        }
    }
}
