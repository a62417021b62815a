import Glibc

/// Where the gateway listens.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets, or `localhost`.
    package let host: String
    /// 0: a free one, chosen by the kernel.
    package let port: UInt16

    /// An address taken apart already.
    package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

    /// Why a text is not an address, as an instruction.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        /// Completes "the address …".
        package let description: String
    }

    /// - Parameter text: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
    /// - Throws: What it must be instead.
    package init(parsing text: String) throws(Malformed) {
        let parts = HostAndPort(text)
        guard let parts, let port = parts.port else {
            throw Malformed(description: "must be host:port, for example 127.0.0.1:8080 or [::1]:8080")
        }
        let host = parts.host.lowercased()
        guard host == "localhost" || (parts.isBracketed ? IPLiteral.isVersion6(host) : IPLiteral.isVersion4(host))
        else { throw Malformed(description: "must name an IP address or localhost before the port") }
        self.init(host: host, port: port)
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (IPLiteral.isVersion4(host) && host.hasPrefix("127."))
    }

    /// As the configuration and a URL write it.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Tells IP addresses from names.
enum IPLiteral {
    /// Four decimal numbers; not the octal, hexadecimal and shortened forms that some resolvers take.
    static func isVersion4(_ text: String) -> Bool {
        var address = in_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET, text, &address) == 1
    }

    /// Without brackets and without a zone.
    static func isVersion6(_ text: String) -> Bool {
        var address = in6_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET6, text, &address) == 1
    }
}

/// A host and perhaps a port, as in `Host:` and in URLs.
struct HostAndPort: Equatable {
    /// Without the brackets of an IPv6 address.
    let host: String
    let isBracketed: Bool
    let port: UInt16?

    /// - Returns: `nil` when the host is empty or holds `:` without brackets, or the port is not 0 to 65535.
    init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<close])
            rest = text[text.index(after: close)...]
            isBracketed = true
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = String(text[..<end])
            rest = text[end...]
            isBracketed = false
        }
        guard !host.isEmpty else { return nil }
        guard !rest.isEmpty else {
            port = nil
            return
        }
        guard rest.first == ":", rest.utf8.count <= 6, let number = Quantity.count(rest.dropFirst()),
            let port = UInt16(exactly: number)
        else { return nil }
        self.port = port
    }
}
