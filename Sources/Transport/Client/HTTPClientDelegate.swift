public import FreshetHTTPWire

/// Gets what becomes of one request, on the client's loop and never from within `send`.
///
/// Either `ended` or `failed` comes, once and last; nothing comes after `cancel()`.
public protocol HTTPClientDelegate: AnyObject {
    /// The connection stands, TLS included: the request goes out now. Once, also when the connection was pooled.
    func connected()
    /// The request's bytes are with the peer's machine or its kernel, and are kept no longer. Once, before the head.
    func requestTaken()
    /// The response's head; interim ones (1xx) are skipped.
    func received(head: HTTPResponseHead)
    /// Bytes of the body, valid during the call.
    func received(body: Span<UInt8>)
    /// The response is complete.
    func ended()
    /// The request has failed.
    func failed(_ error: TransportError)
}

extension HTTPClientDelegate {
    /// Nothing to do.
    public func requestTaken() {}
}
