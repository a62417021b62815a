import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// A request for one answer in a dialect that providers speak too, streamed or whole: Chat Completions, Messages, Gemini.
struct AnswerEndpoint {
    let gateway: Gateway
    /// The client's.
    let dialect: DialectName

    /// - Parameters:
    ///   - exchange: Answered.
    ///   - owner: Of the caller's key.
    ///   - read: Reads the request.
    func serve(
        _ exchange: HTTPServerExchange, owner: String,
        read: (HTTPServerExchange) throws(RequestError) -> any ClientRequest
    ) {
        do throws(Caller.Refused) {
            let request: any ClientRequest
            do { request = try read(exchange) } catch { throw Caller.Refused(error) }
            if request.isStream, let place = try ReturningReader.place(in: exchange.head.fields) {
                var query = Attachment.Query()
                (query.dialect, query.includesUsage) = (dialect, request.includesUsage)
                query.framing = framing(exchange)
                query.bearsCursors = dialect != .gemini
                return try ReturningReader(gateway: gateway).serve(exchange, after: place, query, owner: owner)
            }
            let keeping = try Keeping(exchange, owner: owner)
            let retention = keeping.retention(byDefault: .untilRead, gateway.configuration.limits)
            guard request.choices == 1 || !retention.isLogged else {
                throw Caller.Refused(RequestError(dialect.choicesField, "must be 1 where the answer is logged"))
            }
            try begin(exchange, request, keeping, retention, owner: owner)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func begin(
        _ exchange: HTTPServerExchange, _ request: any ClientRequest, _ keeping: Keeping, _ retention: Retention,
        owner: String
    ) throws(Caller.Refused) {
        try gateway.once(exchange, keeping, owner: owner) { [self] exchange, generation in
            exchange.record?.generation = generation
            answer(exchange, request, generation)
        } make: { [self] exchange throws(Caller.Refused) in
            let production = try Production(exchange, model: request.model, gateway: gateway)
            let body = try production.body(of: request)
            let made = try production.generation(
                owner: owner, dialect: dialect, retention: retention, keeping: keeping, request: exchange.body)
            switch made {
            case .new(let generation):
                answer(exchange, request, generation)
                production.produce(
                    generation, body: body, choices: request.choices, asksReasoning: request.asksReasoning)
            // The same request was faster.
            case .repeated: try begin(exchange, request, keeping, retention, owner: owner)
            }
        }
    }

    private func answer(
        _ exchange: HTTPServerExchange, _ request: any ClientRequest, _ generation: LiveGeneration
    ) {
        if !request.isStream, let completion = dialect.completion() {
            return CompletionReader(exchange, of: generation, as: completion).start()
        }
        let isGoverned = generation.isReadOnce
        var reader = DialectName.Reader(of: generation.id)
        // Google's own client takes every line that is no data for an error: it gets no ids, and reads on elsewhere.
        (reader.framing, reader.mayReturn) = (framing(exchange), !isGoverned && dialect != .gemini)
        reader.includesUsage = request.includesUsage
        let encoder = dialect.encoder(for: reader)
        let style = StreamReader.Style(
            unreadLimit: isGoverned ? gateway.configuration.limits.unread : nil, heartbeat: encoder.heartbeat)
        StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
    }

    /// What the request asks for by `Accept` or, in Gemini, by `alt`.
    private func framing(_ exchange: HTTPServerExchange) -> Framing {
        let asked = Framing(accepting: exchange.head.fields)
        guard dialect == .gemini, asked.isEventStream else { return asked }
        let query = exchange.head.query?.split(separator: "&") ?? []
        return query.contains { $0 == "alt=sse" || $0 == "$alt=sse" || $0 == "%24alt=sse" }
            ? .eventStreamCRLF : .jsonArray
    }
}
