import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetSimulator
import FreshetTransport

/// `GET /v1/models`: the names that can be asked for, and each of them alone; in front of one server, what that server says.
struct ModelsEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange) {
        if relays(exchange, "/models") { return }
        respond(exchange, list(gateway.configuration, in: exchange.record?.dialect ?? .openAIChat))
    }

    /// One of them, whether it stands in the list or is a name that leads somewhere.
    func serve(_ model: String, _ exchange: HTTPServerExchange) {
        if relays(exchange, "/models/" + PercentEncoding.encode(model)) { return }
        do throws(Caller.Refused) {
            let routes = try routes(of: model)
            let isConfigured = gateway.configuration.modelNames.contains(model)
            let owner = isConfigured ? "freshet" : routes.first?.provider.name ?? "freshet"
            respond(exchange, Self.entry(model, owner, in: exchange.record?.dialect ?? .openAIChat).bytes)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    /// - Throws: What the client is told when the name leads nowhere; what providers have, only the simulator is asked.
    private func routes(of model: String) throws(Caller.Refused) -> [Configuration.ResolvedRoute] {
        let routes: [Configuration.ResolvedRoute]
        do throws(Configuration.ModelMiss) { routes = try gateway.configuration.resolve(model) } catch {
            throw Caller.Refused(error)
        }
        guard let route = routes.first, route.provider.kind == .simulator else { return routes }
        do throws(SimulatedModel.Unknown) { _ = try SimulatedModel(parsing: route.model) } catch {
            throw Caller.Refused(.modelNotFound, error.description)
        }
        return routes
    }

    private func respond(_ exchange: HTTPServerExchange, _ body: [UInt8]) {
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        exchange.respond(status: 200, fields: fields, body: body)
    }

    /// - Returns: Whether the one server is asked.
    private func relays(_ exchange: HTTPServerExchange, _ path: String) -> Bool {
        let configuration = gateway.configuration
        guard exchange.record?.dialect == nil, configuration.relaysModelList,
            let provider = configuration.providers.first, let place = gateway.place(of: provider)
        else { return false }
        ListRelay(exchange, provider: provider, place, path).start(with: gateway.client(on: exchange.loop))
        return true
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

/// Fetches a provider's list of models, or what it says of one, and passes it on as it is.
private final class ListRelay: HTTPClientDelegate {
    private static let limit = 4 << 20

    private let exchange: HTTPServerExchange
    private let provider: Configuration.Provider
    private let place: ProviderPlace
    /// Behind the base URL.
    private let path: String
    private var upstream: HTTPClientExchange?
    private var timer: LoopTimer?
    private var head: HTTPResponseHead?
    /// What the provider was shown, and may quote back.
    private var secret: String?
    private var body: [UInt8] = []
    /// Keeps it alive until it has answered.
    private var itself: ListRelay?

    init(
        _ exchange: HTTPServerExchange, provider: Configuration.Provider, _ place: ProviderPlace, _ path: String
    ) {
        (self.exchange, self.provider, self.place, self.path) = (exchange, provider, place, path)
    }

    func start(with client: HTTPClient) {
        let credentials = place.credentials(for: exchange.head, of: nil)
        var fields = place.fields(for: exchange.head, credentials)
        fields.append("accept", "application/json")
        secret = credentials.secret
        let target = place.target(of: path, asked: exchange.head) + (exchange.head.query.map { "?" + $0 } ?? "")
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

    func failed(_ error: TransportError) {
        fail(.providerUnreachable, "the provider cannot be reached (\(error.cause))")
    }

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
