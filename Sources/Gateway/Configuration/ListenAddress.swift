import FreshetHTTPWire

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

    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
    ///
    /// - Parameter text: As a file or the command line has it.
    /// - Throws: What it must be instead.
    package init(parsing text: String) throws(Malformed) {
        guard let colon = text.lastIndex(of: ":"),
            let number = Quantity.count(text[text.index(after: colon)...]), let port = UInt16(exactly: number),
            let host = HTTPHost(parsing: String(text[..<colon])), host.port == nil
        else { throw Malformed(description: "must be host:port, for example 127.0.0.1:8080 or [::1]:8080") }
        guard host.kind != .name else {
            throw Malformed(description: "must name an IP address or localhost before the port")
        }
        self.init(host: host.name, port: port)
    }

    /// What a socket is bound to: an IP address, also for `localhost`.
    package var literal: String { host == "localhost" ? "127.0.0.1" : host }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool { HTTPHost(parsing: bracketed)?.isLoopback ?? false }

    private var bracketed: String { host.contains(":") ? "[\(host)]" : host }

    /// As the configuration and a URL write it.
    package var description: String { "\(bracketed):\(port)" }
}
