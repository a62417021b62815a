/// Where a request goes: connections of different origins are never mixed.
public struct HTTPOrigin: Hashable, Sendable {
    /// How the bytes travel.
    public enum Scheme: String, Hashable, Sendable {
        /// In the clear.
        case http
        /// Over TLS.
        case https
    }
    /// How the bytes travel.
    public let scheme: Scheme
    /// A name or an IP literal, without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: UInt16
    /// The value of `host`: the port only where it is not the scheme's own.
    public let authority: String

    /// - Parameters:
    ///   - scheme: How the bytes travel.
    ///   - host: A name or an IP literal; the brackets of an IPv6 literal are taken off.
    ///   - port: nil for the scheme's own, 80 or 443.
    public init(scheme: Scheme, host: String, port: UInt16? = nil) {
        self.scheme = scheme
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let usual: UInt16 = scheme == .https ? 443 : 80
        self.port = port ?? usual
        let name = self.host.contains(":") ? "[\(self.host)]" : self.host
        authority = self.port == usual ? name : "\(name):\(self.port)"
    }

    /// Whether both are the same place.
    public static func == (left: HTTPOrigin, right: HTTPOrigin) -> Bool {
        left.port == right.port && left.scheme == right.scheme && left.host == right.host
    }

    /// Scheme, host and port; the authority follows from them.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(port)
        hasher.combine(scheme)
        hasher.combine(host)
    }
}
