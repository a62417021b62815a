import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// What all requests to one provider have in common, made once.
struct ProviderPlace: Sendable {
    let origin: HTTPOrigin
    let dialect: ProviderDialect
    /// Whether the provider is the inventor of Chat Completions.
    let isOpenAI: Bool
    private let url: HTTPURL
    private let name: String
    private let passesCredentials: Bool
    private let own: Credentials

    /// - Returns: nil for a provider that is nowhere yet.
    init?(_ provider: Configuration.Provider) {
        guard let url = provider.baseURL else { return nil }
        self.url = url
        origin = HTTPOrigin(url)
        let dialect = provider.kind.dialect
        self.dialect = dialect
        isOpenAI = url == .openAI
        name = provider.name
        passesCredentials = provider.credentials == .pass
        let key = passesCredentials ? nil : provider.apiKey?.reveal()
        own = Credentials(
            name: dialect.keyField, field: key.map { dialect.keyPrefix + $0 }, secret: key,
            poolKey: Self.poolKey(name, key), isOwn: key != nil)
    }

    // MARK: Where

    /// Path and query for an answer, which is always streamed.
    ///
    /// - Parameters:
    ///   - model: The provider's name for it.
    ///   - head: The client's request.
    /// - Returns: As it is sent.
    func target(for model: String, asked head: HTTPRequestHead) -> String {
        switch dialect {
        case .openAIChat: url.target(appending: "/chat/completions")
        case .anthropic: target(of: "/messages", asked: head)
        case .gemini: target(of: model, asking: "streamGenerateContent?alt=sse")
        }
    }

    /// Path and query for one of Gemini's methods of a model.
    ///
    /// - Parameters:
    ///   - model: The provider's name for it; a slash in it does not divide the path.
    ///   - method: What stands behind the colon.
    /// - Returns: As it is sent.
    func target(of model: String, asking method: String) -> String {
        url.target(appending: "/models/\(PercentEncoding.encode(model)):\(method)")
    }

    /// Path and query for another one of its endpoints.
    ///
    /// - Parameters:
    ///   - path: Behind the base URL; begins with a slash.
    ///   - head: The client's request. Of its query only what Anthropic's clients say there travels, to its own kind.
    /// - Returns: As it is sent.
    func target(of path: String, asked head: HTTPRequestHead) -> String {
        let isBeta = dialect == .anthropic && head.query?.split(separator: "&").contains("beta=true") == true
        return url.target(appending: isBeta ? path + "?beta=true" : path)
    }

    // MARK: What is shown

    /// What one request shows the provider, and over whose connections it goes.
    struct Credentials: Sendable {
        /// The field that shows it.
        let name: String
        /// The field's value; nil sends none.
        let field: String?
        /// What must never reach a client.
        let secret: String?
        /// Requests of different keys share no connection.
        let poolKey: String
        /// Whether the key is ours.
        let isOwn: Bool
    }

    /// The configured key's, or those of the client, held for this request alone.
    ///
    /// - Parameters:
    ///   - head: The client's request.
    ///   - client: Its dialect; nil where the path belongs to none.
    /// - Returns: Without a secret where there is none.
    func credentials(for head: HTTPRequestHead, of client: DialectName?) -> Credentials {
        guard passesCredentials else { return own }
        let shown = shown(by: head, of: client ?? dialect.name)
        let secret = shown.flatMap { $0.value.split(separator: " ").last.map(String.init) }
        return Credentials(
            name: shown?.name ?? dialect.keyField, field: shown?.value, secret: secret,
            poolKey: Self.poolKey(name, secret), isOwn: false)
    }

    /// What the client shows, as this provider wants to see it. In the provider's own dialect `Authorization` stays what
    /// it is, for it bears tokens that are no keys.
    private func shown(by head: HTTPRequestHead, of client: DialectName) -> (name: String, value: String)? {
        if let value = head.fields[dialect.keyField] { return (dialect.keyField, value) }
        if client == dialect.name, let value = head.fields["authorization"] { return ("authorization", value) }
        return Caller.presentedKey(head).map { (dialect.keyField, dialect.keyPrefix + $0) }
    }

    /// The fields of a request to the provider: those of the client that travel, what the dialect demands, the
    /// credentials.
    ///
    /// - Parameters:
    ///   - head: The client's request.
    ///   - credentials: Made by `credentials(for:of:)`.
    /// - Returns: Nothing that is meant for another vendor.
    func fields(for head: HTTPRequestHead, _ credentials: Credentials) -> HTTPFields {
        var fields = RelayedFields.upwards(head.fields, to: dialect)
        if dialect == .anthropic, fields["anthropic-version"] == nil {
            fields.append("anthropic-version", Self.anthropicVersion)
        }
        if let value = credentials.field { fields.append(credentials.name, value) }
        return fields
    }

    /// Without one the provider refuses; where the client named none it is this, the only one there is.
    private static let anthropicVersion = "2023-06-01"

    private static func poolKey(_ name: String, _ secret: String?) -> String { name + "\n" + (secret ?? "") }
}

extension ProviderDialect {
    /// The field in which its providers want their keys.
    var keyField: String {
        switch self {
        case .openAIChat: "authorization"
        case .anthropic: "x-api-key"
        case .gemini: "x-goog-api-key"
        }
    }

    /// What stands before the key there.
    var keyPrefix: String {
        switch self {
        case .openAIChat: "Bearer "
        case .anthropic, .gemini: ""
        }
    }
}

extension HTTPOrigin {
    /// Where a base URL points.
    init(_ url: HTTPURL) {
        self.init(scheme: url.scheme == .https ? .https : .http, host: url.host.name, port: url.port)
    }
}
