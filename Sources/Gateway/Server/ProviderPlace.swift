import FreshetHTTPWire
import FreshetTransport

/// What all requests to one provider have in common, made once.
struct ProviderPlace: Sendable {
    let origin: HTTPOrigin
    /// Path and query for Chat Completions.
    let target: String
    /// Whether the provider is the dialect's inventor.
    let isOpenAI: Bool
    private let url: HTTPURL
    private let name: String
    private let key: String?
    private let ownField: String?
    private let ownPoolKey: String

    /// - Returns: nil for a provider that is nowhere yet.
    init?(_ provider: Configuration.Provider) {
        guard let url = provider.baseURL else { return nil }
        self.url = url
        origin = HTTPOrigin(url)
        target = url.target(appending: "/chat/completions")
        isOpenAI = url == .openAI
        name = provider.name
        key = provider.credentials == .own ? provider.apiKey?.reveal() : nil
        ownField = key.map { "Bearer " + $0 }
        ownPoolKey = Self.poolKey(name, key)
    }

    /// Path and query for another one of its endpoints.
    ///
    /// - Parameter path: Behind the base URL; begins with a slash.
    /// - Returns: As it is sent.
    func target(of path: String) -> String { url.target(appending: path) }

    /// What one request shows the provider, and over whose connections it goes.
    struct Credentials {
        /// The value of `Authorization`; nil sends none.
        let field: String?
        /// What must never reach a client.
        let secret: String?
        /// Requests of different keys share no connection.
        let poolKey: String
        /// Whether the key is ours.
        let isOwn: Bool
    }

    /// The configured key's.
    var own: Credentials { Credentials(field: ownField, secret: key, poolKey: ownPoolKey, isOwn: key != nil) }

    /// The client's own, held for this request alone.
    ///
    /// - Parameter field: The client's `Authorization`, if it sent one.
    /// - Returns: Without a secret where it sent none.
    func passing(_ field: String?) -> Credentials {
        let secret = field.flatMap { $0.split(separator: " ").last.map(String.init) }
        return Credentials(field: field, secret: secret, poolKey: Self.poolKey(name, secret), isOwn: false)
    }

    private static func poolKey(_ name: String, _ secret: String?) -> String { name + "\n" + (secret ?? "") }
}

extension HTTPOrigin {
    /// Where a base URL points.
    init(_ url: HTTPURL) {
        self.init(scheme: url.scheme == .https ? .https : .http, host: url.host.name, port: url.port)
    }
}
