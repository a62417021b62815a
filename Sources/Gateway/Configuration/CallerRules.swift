import FreshetHTTPWire

/// Who may call while no keys are configured: nobody from another machine, and no web page of another site.
package enum CallerRules {
    /// Whether a request's `Host` is one that a browser cannot have been tricked into with a rebound name.
    ///
    /// - Parameters:
    ///   - host: The header's value, port included; `nil` when it is missing.
    ///   - listed: Names besides IP addresses and `localhost`, in lower case.
    /// - Returns: Whether to go on; otherwise the request is refused.
    package static func allows(host: String?, listed: [String]) -> Bool {
        guard let host = host.flatMap({ HTTPHost(parsing: $0) }) else { return false }
        return host.kind != .name || listed.contains(host.name)
    }

    /// Whether a request was made by a page of another origin, which must not be able to spend.
    ///
    /// `Sec-Fetch-Site` decides where the browser sends it: `same-site` is refused as well, because every port of
    /// `localhost` is one site. Otherwise `Origin` must be that of `Host`. Neither header: not a browser.
    package static func isCrossSite(secFetchSite: String?, origin: String?, host: String?) -> Bool {
        if let secFetchSite { return secFetchSite != "same-origin" && secFetchSite != "none" }
        guard let origin else { return false }
        // `null` is no URL.
        guard let source = try? HTTPURL(parsing: origin), let target = host.flatMap({ HTTPHost(parsing: $0) }) else {
            return true
        }
        return source.host.name != target.name || source.host.kind != target.kind
            || source.port != target.port ?? source.scheme.defaultPort
    }
}

extension Configuration {
    /// The gateway would serve strangers.
    package struct Exposed: Error, Equatable, CustomStringConvertible {
        /// Where it would listen.
        package let address: ListenAddress

        /// What to tell the user.
        package var description: String {
            "listening on \(address) lets other machines in, and no keys are configured: "
                + "add keys, listen on 127.0.0.1, or say --open"
        }
    }

    /// Refuses to start where anybody on the network could spend.
    ///
    /// - Parameter isOpen: Whether `--open` was given.
    /// - Throws: What to change.
    package func checkExposure(isOpen: Bool) throws(Exposed) {
        guard isOpen || !keys.isEmpty || listen.isLoopback else { throw Exposed(address: listen) }
    }
}
