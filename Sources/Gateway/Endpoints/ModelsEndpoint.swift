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
        if configuration.relaysModelList, let provider = configuration.providers.first, let url = provider.baseURL {
            return ListRelay(exchange, provider: provider, url: url).start(with: gateway.client(on: exchange.loop))
        }
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        exchange.respond(status: 200, fields: fields, body: list(configuration))
    }

    private func list(_ configuration: Configuration) -> [UInt8] {
        var names = configuration.modelNames.map { ($0, "freshet") }
        if configuration.provider(named: Configuration.Provider.simulatorName) != nil {
            names += Configuration.Provider.simulatorModels.map { ($0, Configuration.Provider.simulatorName) }
        }
        let models = names.map { name, owner -> JSONValue in
            ["id": .string(name), "object": "model", "created": 0, "owned_by": .string(owner)]
        }
        let members: [JSONObject.Member] = [
            .init(name: "object", value: "list"), .init(name: "data", value: .array(models)),
        ]
        return JSONValue.object(JSONObject(members)).bytes
    }
}

/// Fetches a provider's list of models and passes it on as it is.
private final class ListRelay: HTTPClientDelegate {
    private static let limit = 4 << 20

    private let exchange: HTTPServerExchange
    private let provider: Configuration.Provider
    private let url: HTTPURL
    private var upstream: HTTPClientExchange?
    private var timer: LoopTimer?
    private var head: HTTPResponseHead?
    /// What the provider was shown, and may quote back.
    private var secret: String?
    private var body: [UInt8] = []
    /// Keeps it alive until it has answered.
    private var itself: ListRelay?

    init(_ exchange: HTTPServerExchange, provider: Configuration.Provider, url: HTTPURL) {
        (self.exchange, self.provider, self.url) = (exchange, provider, url)
    }

    func start(with client: HTTPClient) {
        var fields = RelayedFields.upwards(exchange.head.fields)
        fields.append("accept", "application/json")
        let own = provider.apiKey.map { "Bearer " + $0.reveal() }
        let authorization = provider.credentials == .pass ? exchange.head.fields["authorization"] : own
        if let authorization { fields.append("authorization", authorization) }
        secret = authorization?.split(separator: " ").last.map(String.init)
        let target = url.path + "/models" + (exchange.head.query.map { "?" + $0 } ?? "")
        let request = HTTPClientRequest(
            origin: HTTPOrigin(url), poolKey: provider.name + "\n" + (authorization ?? ""), target: target,
            fields: fields)
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
