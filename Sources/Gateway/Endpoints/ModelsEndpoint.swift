import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetTransport

/// `GET /v1/models`: the names that can be asked for; in front of one server, that server's own list.
struct ModelsEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange) {
        let configuration = gateway.configuration
        let form = form(for: exchange)
        if form == .openAIChat, configuration.relaysModelList, let provider = configuration.providers.first,
            let place = gateway.place(of: provider)
        {
            return ListRelay(exchange, provider: provider, place).start(with: gateway.client(on: exchange.loop))
        }
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        exchange.respond(status: 200, fields: fields, body: list(configuration, in: form))
    }

    /// All vendors' clients ask at the same path, but Anthropic's always say their version, and Google's what they are.
    private func form(for exchange: HTTPServerExchange) -> DialectName {
        if exchange.record?.dialect == .gemini || exchange.head.fields["x-goog-api-client"] != nil { return .gemini }
        return exchange.head.fields["anthropic-version"] == nil ? .openAIChat : .anthropic
    }

    private func list(_ configuration: Configuration, in form: DialectName) -> [UInt8] {
        var names = configuration.modelNames.map { ($0, "freshet") }
        if configuration.provider(named: Configuration.Provider.simulatorName) != nil {
            names += Configuration.Provider.simulatorModels.map { ($0, Configuration.Provider.simulatorName) }
        }
        let models = names.map { name, owner in Self.entry(name, owner, in: form) }
        let list: JSONValue =
            switch form {
            case .anthropic:
                [
                    "data": .array(models), "has_more": false,
                    "first_id": names.first.map { .string($0.0) } ?? .null,
                    "last_id": names.last.map { .string($0.0) } ?? .null,
                ]
            case .gemini: ["models": .array(models)]
            case .native, .simple, .openAIChat: ["object": "list", "data": .array(models)]
            }
        return list.bytes
    }

    /// Nobody knows when a model was made, or how much it takes; the forms want something said of the first.
    private static func entry(_ name: String, _ owner: String, in form: DialectName) -> JSONValue {
        switch form {
        case .anthropic:
            [
                "type": "model", "id": .string(name), "display_name": .string(name),
                "created_at": "1970-01-01T00:00:00Z",
            ]
        case .gemini:
            [
                "name": .string("models/" + name), "displayName": .string(name),
                "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
            ]
        case .native, .simple, .openAIChat:
            ["id": .string(name), "object": "model", "created": 0, "owned_by": .string(owner)]
        }
    }
}

/// Fetches a provider's list of models and passes it on as it is.
private final class ListRelay: HTTPClientDelegate {
    private static let limit = 4 << 20

    private let exchange: HTTPServerExchange
    private let provider: Configuration.Provider
    private let place: ProviderPlace
    private var upstream: HTTPClientExchange?
    private var timer: LoopTimer?
    private var head: HTTPResponseHead?
    /// What the provider was shown, and may quote back.
    private var secret: String?
    private var body: [UInt8] = []
    /// Keeps it alive until it has answered.
    private var itself: ListRelay?

    init(_ exchange: HTTPServerExchange, provider: Configuration.Provider, _ place: ProviderPlace) {
        (self.exchange, self.provider, self.place) = (exchange, provider, place)
    }

    func start(with client: HTTPClient) {
        let credentials = place.credentials(for: exchange.head, of: nil)
        var fields = place.fields(for: exchange.head, credentials)
        fields.append("accept", "application/json")
        secret = credentials.secret
        let target = place.target(of: "/models", asked: exchange.head) + (exchange.head.query.map { "?" + $0 } ?? "")
        let request = HTTPClientRequest(
            origin: place.origin, poolKey: credentials.poolKey, target: target, fields: fields)
        itself = self
        exchange.onGone = { [unowned self] in self.release() }
        timer = exchange.loop.schedule(after: provider.deadlines.head) { [unowned self] in
            self.fail(.providerTimeout, "the provider sent no list of models in time")
        }
        upstream = client.send(request, to: self)
    }

    func connected() {}

    func received(head: HTTPResponseHead) { self.head = head }

    func received(body bytes: Span<UInt8>) {
        guard body.count + bytes.count <= Self.limit else {
            return fail(.providerMalformed, "the provider's list of models is longer than 4 MiB")
        }
        bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) }
    }

    func ended() {
        guard let head, head.status == 200 || head.status >= 400 else {
            return fail(.providerError, "the provider did not answer with a list of models")
        }
        let type = head.fields.mediaType("content-type") ?? "application/json"
        guard type == "application/json", head.fields["content-encoding"] == nil else {
            return fail(.providerMalformed, "the provider's list of models is no plain JSON")
        }
        var fields = RelayedFields.downwards(head.fields)
        fields.append("content-type", "application/json")
        exchange.respond(
            status: head.status, fields: SecretMask.masking(secret, in: fields),
            body: SecretMask.masking(secret, in: body))
        release()
    }

    func failed(_ error: TransportError) { fail(.providerUnreachable, error.message) }

    private func fail(_ code: GenerationFailure.Code, _ message: String) {
        ErrorAnswer(GenerationFailure(code: code, message: message, isRetryable: true)).send(on: exchange)
        release()
    }

    private func release() {
        exchange.onGone = nil
        timer?.cancel()
        upstream?.cancel()
        (timer, upstream) = (nil, nil)
        itself = nil
    }
}
