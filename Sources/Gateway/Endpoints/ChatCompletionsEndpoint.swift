import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// `POST /v1/chat/completions`: Chat Completions in, streamed or whole.
struct ChatCompletionsEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let request = try read(exchange.body)
            if request.isStream, let place = try ReturningReader.place(in: exchange.head.fields) {
                var query = Attachment.Query()
                (query.dialect, query.includesUsage) = (.openAIChat, request.includesUsage)
                query.framing = Framing(accepting: exchange.head.fields)
                return try ReturningReader(gateway: gateway).serve(exchange, after: place, query, owner: owner)
            }
            let keeping = try Keeping(exchange, owner: owner)
            let retention = keeping.retention(byDefault: .untilRead, gateway.configuration.limits)
            guard request.choices == 1 || !retention.isLogged else {
                throw Caller.Refused(RequestError("n", "must be 1 where the answer is logged"))
            }
            try begin(exchange, request, keeping, retention, owner: owner)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func begin(
        _ exchange: HTTPServerExchange, _ request: OpenAIChatRequest, _ keeping: Keeping, _ retention: Retention,
        owner: String
    ) throws(Caller.Refused) {
        try gateway.once(exchange, keeping, owner: owner) { [self] exchange, generation in
            exchange.record?.generation = generation
            answer(exchange, request, generation)
        } make: { [self] exchange throws(Caller.Refused) in
            let production = try Production(exchange, model: request.model, gateway: gateway)
            let made = try production.generation(
                owner: owner, dialect: .openAIChat, retention: retention, keeping: keeping, request: exchange.body)
            switch made {
            case .new(let generation):
                let body = request.body(model: production.providerModel, asksUsage: production.asksUsage)
                answer(exchange, request, generation)
                production.produce(
                    generation, body: body, choices: request.choices, asksReasoning: request.asksReasoning)
            // The same request was faster.
            case .repeated: try begin(exchange, request, keeping, retention, owner: owner)
            }
        }
    }

    private func answer(_ exchange: HTTPServerExchange, _ request: OpenAIChatRequest, _ generation: LiveGeneration) {
        guard request.isStream else { return CompletionReader(exchange, of: generation).start() }
        let framing = Framing(accepting: exchange.head.fields)
        let isGoverned = generation.isReadOnce
        let encoder = OpenAIChatEncoder(
            framing: framing, includesUsage: request.includesUsage, cursors: isGoverned ? nil : generation.id)
        let style = StreamReader.Style(
            unreadLimit: isGoverned ? gateway.configuration.limits.unread : nil, heartbeat: framing.heartbeat)
        StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
    }

    private func read(_ body: [UInt8]) throws(Caller.Refused) -> OpenAIChatRequest {
        do { return try OpenAIChatRequest(body: body, limits: gateway.configuration.limits.ofJSON) } catch {
            throw Caller.Refused(error)
        }
    }
}
