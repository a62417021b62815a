public import FreshetHTTPWire

/// A whole response, ready to be sent.
public struct HTTPServerAnswer: Sendable {
    /// From 200.
    public var status: Int
    /// Without `content-length`, `transfer-encoding` and `connection`, which are added.
    public var fields: HTTPFields
    /// Not sent for HEAD, and none with 204 and 304.
    public var body: [UInt8]

    /// A response with the given parts.
    public init(status: Int, fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        (self.status, self.fields, self.body) = (status, fields, body)
    }
}
