/// The base URL of a provider, taken apart.
package struct ProviderURL: Sendable, Equatable, CustomStringConvertible {
    /// Whether it is `https`.
    package let isSecure: Bool
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    /// 443 or 80 when the URL names none.
    package let port: UInt16
    /// What comes before `/chat/completions`: empty, or begins with `/` and does not end with one.
    package let path: String

    /// A URL taken apart already.
    package init(isSecure: Bool, host: String, port: UInt16, path: String) {
        (self.isSecure, self.host, self.port, self.path) = (isSecure, host, port, path)
    }

    /// Why a text is not such a URL, as an instruction. Never repeats the text: it might hold a password.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        /// Completes "the URL …".
        package let description: String
    }

    /// - Parameter text: `http://` or `https://`, a host, perhaps a port and a path; nothing else.
    /// - Throws: What it must be instead.
    package init(parsing text: String) throws(Malformed) {
        let lowered = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowered.hasPrefix($0) }) else {
            throw Malformed(description: "must begin with http:// or https://")
        }
        let rest = text.dropFirst(scheme.count)
        guard rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Malformed(description: "must be visible ASCII without spaces")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (authority, path) = (String(rest[..<slash]), rest[slash...])
        guard !authority.contains("@") else {
            throw Malformed(description: "must not hold a user name or password; use api_key")
        }
        guard !rest.contains(where: { "?#".contains($0) }) else {
            throw Malformed(description: "must end with its path: no `?` and no `#`")
        }
        guard let parts = HostAndPort(authority), parts.port != 0, Self.isHost(parts) else {
            throw Malformed(description: "must name a host, and a port from 1 to 65535 if any")
        }
        let trimmed = String(path.reversed().drop { $0 == "/" }.reversed())
        guard !trimmed.hasSuffix("/chat/completions") else {
            throw Malformed(description: "must end before /chat/completions, which is appended")
        }
        isSecure = scheme == "https://"
        host = parts.host.lowercased()
        port = parts.port ?? (isSecure ? 443 : 80)
        self.path = trimmed
    }

    private static func isHost(_ parts: HostAndPort) -> Bool {
        if parts.isBracketed { return IPLiteral.isVersion6(parts.host) }
        return parts.host.utf8.count <= 253
            && parts.host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Host and, unless it is the scheme's own, port: the value of a `Host` header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Whether it is on this machine.
    package var isLoopback: Bool { ListenAddress(host: host, port: port).isLoopback }

    /// The URL as text.
    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }
}
