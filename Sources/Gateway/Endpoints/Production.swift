import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetRouter
import FreshetTransport

/// Makes a generation and the request to its provider.
struct Production {
    private let gateway: Gateway
    private let exchange: HTTPServerExchange
    private let route: Configuration.ResolvedRoute
    private let place: ProviderPlace
    /// The name the client asked for, or the default.
    let model: String

    /// - Throws: What the client is told when the model leads nowhere.
    init(_ exchange: HTTPServerExchange, model: String?, gateway: Gateway) throws(Caller.Refused) {
        (self.gateway, self.exchange) = (gateway, exchange)
        guard gateway.stage != .ending else {
            throw Caller.Refused(.shuttingDown, "the gateway is shutting down", isRetryable: true)
        }
        let configuration = gateway.configuration
        let routes: [Configuration.ResolvedRoute]
        do throws(Configuration.ModelMiss) { routes = try configuration.resolve(model) } catch {
            throw Caller.Refused(error)
        }
        guard let first = routes.first, let place = gateway.place(of: first.provider) else {
            throw Caller.Refused(.modelNotFound, "the model's provider is not there")
        }
        (route, self.place) = (first, place)
        self.model = model.flatMap { $0.isEmpty ? nil : $0 } ?? configuration.defaultModel ?? ""
    }

    /// The provider's name for the model.
    var providerModel: String { route.model }
    /// Whether the provider is asked for usage whatever the client asked.
    var asksUsage: Bool { route.provider.includesUsage }
    /// Whether the provider is the dialect's inventor.
    var isOpenAI: Bool { place.isOpenAI }

    /// Makes the generation and registers it.
    func generation(owner: String, retention: Retention) -> LiveGeneration {
        let id = gateway.freshID(on: exchange.loop)
        let generation = LiveGeneration(
            id: id, owner: owner, retention: retention, loop: exchange.loop,
            observation: gateway.observation(on: exchange.loop)
        ) { [registry = gateway.registry] in registry.remove(id) }
        gateway.registry.add(generation)
        generation.begin(model: model)
        exchange.record?.generation = generation
        exchange.record?.isCreator = true
        return generation
    }

    /// Asks the provider.
    ///
    /// - Parameters:
    ///   - generation: Made by `generation(owner:retention:)`, its reader attached.
    ///   - body: In the provider's dialect.
    ///   - choices: How many answers it asks for.
    ///   - asksReasoning: Whether the first content may take long.
    func produce(_ generation: LiveGeneration, body: [UInt8], choices: Int = 1, asksReasoning: Bool) {
        var fields = RelayedFields.upwards(exchange.head.fields)
        let credentials =
            route.provider.credentials == .pass
            ? place.passing(exchange.head.fields["authorization"]) : place.own
        if let field = credentials.field { fields.append("authorization", field) }
        let limits = gateway.configuration.limits
        var request = ProviderRequest(
            origin: place.origin, poolKey: credentials.poolKey, target: place.target, fields: fields, body: body,
            route: String(describing: route), deadlines: route.deadlines.ofAttempt(wantsReasoning: asksReasoning),
            secret: credentials.secret, hasConfiguredKey: credentials.isOwn)
        request.limits = limits.ofAnswers
        let decoder = OpenAIChatDecoder(
            route: request.route, generation: generation.id, choices: choices, limits: limits.ofJSON)
        // The provider's body is as long as the client's: until it is taken it counts for it.
        generation.produce(request, via: route, decoder: decoder, client: gateway.client(on: exchange.loop)) {
            [exchange] in exchange.releaseBody()
        }
        exchange.releaseFields()
    }
}

extension Caller.Refused {
    init(_ error: RequestError) { failure = error.failure }

    init(_ miss: Configuration.ModelMiss) {
        switch miss {
        case .noneNamed:
            failure = GenerationFailure(
                code: .invalidRequest, message: String(describing: miss), isRetryable: false, parameter: "model")
        case .unknown:
            failure = GenerationFailure(
                code: .modelNotFound, message: String(describing: miss), isRetryable: false, parameter: "model")
        }
    }
}
