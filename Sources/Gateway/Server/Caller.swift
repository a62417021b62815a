import FreshetGeneration
import FreshetHTTPWire

/// Who calls, and whether they may.
enum Caller {
    /// The owner of what the request makes.
    ///
    /// - Throws: What the caller is told.
    static func owner(of head: HTTPRequestHead, _ configuration: Configuration) throws(Refused) -> String {
        guard configuration.keys.isEmpty else {
            guard let key = presentedKey(head) else {
                throw Refused(.unauthorized, keylessness(of: head))
            }
            guard let owner = configuration.keys.owner(presenting: key) else {
                throw Refused(.unauthorized, "the key is not known here")
            }
            return owner
        }
        try checkBrowser(head, configuration)
        return "local"
    }

    /// What whoever shows no key is told.
    private static func keylessness(of head: HTTPRequestHead) -> String {
        if head.fields["authorization"] != nil {
            return "`Authorization` holds no key: it must be `Bearer`, a space and the key"
        }
        let query = Dispatcher.isGemini(head.path) ? ", or `?key=`" : ""
        return "no key was sent: use `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`\(query)"
    }

    /// Where no keys are configured, a web page must not be able to spend.
    static func checkBrowser(_ head: HTTPRequestHead, _ configuration: Configuration) throws(Refused) {
        guard configuration.keys.isEmpty else { return }
        let host = head.fields["host"]
        guard CallerRules.allows(host: host, listed: configuration.hosts) else {
            throw Refused(
                "forbidden",
                "`Host` must be an IP address, localhost or a name listed under `hosts` in the configuration")
        }
        let fetchSite = head.fields["sec-fetch-site"]
        guard !CallerRules.isCrossSite(secFetchSite: fetchSite, origin: head.fields["origin"], host: host) else {
            throw Refused("forbidden", "requests from pages of other sites are refused")
        }
    }

    /// A refusal before anything was done.
    struct Refused: Error {
        var failure: GenerationFailure
        /// The one that stands in the way.
        var generation: GenerationID?

        init(
            _ code: GenerationFailure.Code, _ message: String, isRetryable: Bool = false,
            generation: GenerationID? = nil
        ) {
            self.generation = generation
            failure = GenerationFailure(code: code, message: message, isRetryable: isRetryable)
        }
    }

    /// The key that a request shows, wherever its client's vendor wants it: as a bearer, in a field of its own or, on
    /// Gemini's paths, in the query. Of several the first of this order counts.
    static func presentedKey(_ head: HTTPRequestHead) -> String? {
        if let authorization = head.fields["authorization"] {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
        }
        if let key = head.fields["x-api-key"] ?? head.fields["x-goog-api-key"] { return key }
        guard Dispatcher.isGemini(head.path) else { return nil }
        return (try? HTTPQuery(parsing: head.query))?["key"]
    }
}
