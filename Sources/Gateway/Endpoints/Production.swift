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
    /// What the provider speaks.
    var dialect: ProviderDialect { route.provider.kind.dialect }
    /// What is to be known of the provider.
    private var habits: ProviderHabits {
        ProviderHabits(
            model: route.model, asksUsage: route.provider.includesUsage, namesCompletionTokens: place.isOpenAI)
    }

    /// What the provider is sent.
    ///
    /// - Throws: When the request has something for which the provider's dialect has no place.
    func body(of request: some ClientRequest) throws(Caller.Refused) -> [UInt8] {
        do { return try request.body(for: dialect, habits) } catch { throw Caller.Refused(error) }
    }

    /// What became of a request that makes a generation.
    enum Made {
        case new(LiveGeneration)
        /// Its `Idempotency-Key` made this one already.
        case repeated(GenerationID)
    }

    /// Makes the generation and registers it.
    ///
    /// - Parameters:
    ///   - owner: Of the caller's key.
    ///   - dialect: Of the request.
    ///   - retention: How long it is kept.
    ///   - keeping: What the request asked for besides.
    ///   - request: The request's body, kept with what is logged.
    /// - Returns: The new one, or the one its key names.
    /// - Throws: What the client is told when something stands in the way.
    func generation(
        owner: String, dialect: DialectName, retention: Retention, keeping: Keeping, request: [UInt8]
    ) throws(Caller.Refused) -> Made {
        let generation = LiveGeneration(
            id: gateway.freshID(on: exchange.loop), owner: owner, model: model, dialect: dialect,
            origin: retention.isLogged ? keeping.origin(owner: owner, dialect, retention, request: request) : nil,
            retention: retention, loop: exchange.loop,
            observation: gateway.observation(on: exchange.loop), registry: gateway.registry,
            keeper: gateway.keeper(on: exchange.loop))
        do throws(GenerationRegistry.Conflict) {
            try gateway.registry.add(generation, keeping, at: WallClock.milliseconds())
        } catch {
            guard case .repeated(let made) = error else { throw Caller.Refused(error) }
            return .repeated(made)
        }
        generation.begin()
        exchange.record?.generation = generation
        exchange.record?.isCreator = true
        return .new(generation)
    }

    /// A request that is passed on without a generation.
    struct Passing {
        let request: HTTPClientRequest
        let deadlines: Configuration.Deadlines
        /// What must never reach a client.
        let secret: String?
        /// Whether the key is ours: then the provider's 401 and 403 are our fault, not the caller's.
        let hasConfiguredKey: Bool
    }

    private var credentials: ProviderPlace.Credentials {
        place.credentials(for: exchange.head, of: exchange.record?.dialect)
    }

    /// Path and query of one of Gemini's methods of the model.
    func target(asking method: String) -> String { place.target(of: route.model, asking: method) }

    /// Path and query of another one of the provider's endpoints, behind its base URL.
    func target(of path: String) -> String { place.target(of: path, asked: exchange.head) }

    /// What is sent to pass a request on.
    ///
    /// - Parameters:
    ///   - target: Path and query at the provider.
    ///   - body: JSON.
    /// - Returns: With the client's fields that travel, and the provider's credentials.
    func passage(to target: String, body: [UInt8]) -> Passing {
        let credentials = credentials
        var fields = place.fields(for: exchange.head, credentials)
        fields.append("accept", exchange.head.fields["accept"] ?? "*/*")
        fields.append("content-type", "application/json")
        var request = HTTPClientRequest(
            origin: place.origin, poolKey: credentials.poolKey, method: "POST", target: target, fields: fields,
            body: body)
        request.connectTimeout = route.deadlines.connect
        return Passing(
            request: request, deadlines: route.deadlines, secret: credentials.secret,
            hasConfiguredKey: credentials.isOwn)
    }

    /// Asks the provider.
    ///
    /// - Parameters:
    ///   - generation: Made by `generation(owner:retention:)`, its reader attached.
    ///   - body: In the provider's dialect.
    ///   - choices: How many answers it asks for.
    ///   - asksReasoning: Whether the first content may take long.
    func produce(_ generation: LiveGeneration, body: [UInt8], choices: Int = 1, asksReasoning: Bool) {
        let credentials = credentials
        let fields = place.fields(for: exchange.head, credentials)
        let limits = gateway.configuration.limits
        var request = ProviderRequest(
            origin: place.origin, poolKey: credentials.poolKey,
            target: place.target(for: route.model, asked: exchange.head), fields: fields,
            body: body, route: String(describing: route),
            deadlines: route.deadlines.ofAttempt(wantsReasoning: asksReasoning),
            secret: credentials.secret, hasConfiguredKey: credentials.isOwn)
        request.limits = limits.ofAnswers
        request.dialect = dialect
        let answer = ProviderDialect.Answer(
            route: request.route, generation: generation.id, choices: choices, limits: limits.ofJSON)
        let decoder = dialect.decoder(of: answer)
        // The provider's body is as long as the client's: until it is taken it counts for it.
        generation.produce(request, via: route, decoder: decoder, client: gateway.client(on: exchange.loop)) {
            [exchange] in exchange.releaseBody()
        }
        exchange.releaseFields()
    }
}

extension Keeping {
    /// What is kept of a generation's beginning.
    fileprivate func origin(
        owner: String, _ dialect: DialectName, _ retention: Retention, request: [UInt8]
    ) -> GenerationOrigin {
        GenerationOrigin(
            owner: owner, parent: parent,
            idempotency: scope.map { .init(key: $0.key, path: $0.path, digest: digest) }, dialect: dialect.rawValue,
            runsToEnd: retention.grace == nil, request: request)
    }
}

extension Gateway {
    /// Serves what the request's `Idempotency-Key` made before, or has it made: whatever became of its parent or its
    /// model, the same request reads the same answer. One that is no longer kept frees its key.
    ///
    /// - Parameters:
    ///   - exchange: Not to be touched any more when this returns.
    ///   - keeping: With the key.
    ///   - owner: Of the caller's key.
    ///   - attach: Called on the loop of what was made before.
    ///   - make: Called on the exchange's loop where the key made nothing that is still there, and where there is none.
    /// - Throws: What the client is told.
    func once(
        _ exchange: HTTPServerExchange, _ keeping: Keeping, owner: String,
        attach: @escaping @Sendable (HTTPServerExchange, LiveGeneration) -> Void,
        make: @escaping @Sendable (HTTPServerExchange) throws(Caller.Refused) -> Void
    ) throws(Caller.Refused) {
        guard let scope = keeping.scope else { return try make(exchange) }
        let made: GenerationID?
        do { made = try registry.made(under: scope, digest: keeping.digest, at: WallClock.milliseconds()) } catch {
            throw Caller.Refused(error)
        }
        guard let made else { return try make(exchange) }
        try reach(
            made, owner: owner, exchange,
            absent: { [self] exchange throws(Caller.Refused) in
                registry.free(scope, of: made)
                try once(exchange, keeping, owner: owner, attach: attach, make: make)
            }, then: attach)
    }
}

extension Caller.Refused {
    init(_ conflict: GenerationRegistry.Conflict) {
        switch conflict {
        case .running(let child):
            self.init("conflict", "\(child) goes on from the same `parent` and is still running: stop it, or wait")
            generation = child
        case .mismatch(let made), .repeated(let made):
            self.init("idempotency_mismatch", "this `Idempotency-Key` made \(made) from another body")
            generation = made
        }
    }

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
