import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// `GET /api/chat?prompt=&model=`: an answer for the browser's own `EventSource`, in the simple dialect.
///
/// A request with `Last-Event-ID` never makes a generation: it attaches to the one it names, or is told with 204 that
/// it has everything.
struct EventSourceEndpoint {
    let gateway: Gateway
    /// Milliseconds after which an id says by itself that nothing of it is kept: a day.
    private static let goneAfter: UInt64 = 24 * 3600 * 1000

    /// What the query asks for.
    private struct Query {
        var prompt: String?
        var model: String?
        var isNamed = false
    }

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let query = try read(exchange.head.query)
            if let place = exchange.head.fields["last-event-id"], !place.isEmpty {
                try attach(exchange, place, query, owner: owner)
            } else {
                try create(exchange, query, owner: owner)
            }
        } catch {
            ErrorAnswer(error.failure).send(on: exchange)
        }
    }

    private func read(_ text: String?) throws(Caller.Refused) -> Query {
        let parameters: HTTPQuery
        do { parameters = try HTTPQuery(parsing: text) } catch {
            throw Caller.Refused(.invalidRequest, "the query cannot be read: \(error)")
        }
        var query = Query(prompt: parameters["prompt"], model: parameters["model"])
        switch parameters["events"] {
        case nil: break
        case "named": query.isNamed = true
        case .some: throw Caller.Refused(RequestError("events", "must be `named`, or left out"))
        }
        return query
    }

    // MARK: Creating

    private func create(_ exchange: HTTPServerExchange, _ query: Query, owner: String) throws(Caller.Refused) {
        guard let prompt = query.prompt, !prompt.isEmpty else {
            throw Caller.Refused(RequestError("prompt", "is required: /api/chat?prompt=hello"))
        }
        let production = try Production(exchange, model: query.model, gateway: gateway)
        let generation = production.generation(owner: owner, retention: .eventSource)
        let framing = Framing(accepting: exchange.head.fields)
        let encoder = SimpleEncoder(generation: generation.id, framing: framing, isNamed: query.isNamed)
        let style = StreamReader.Style(
            prelude: prelude(framing, generation.id), heartbeat: framing.heartbeat)
        StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
        let request = GenerationRequest(model: query.model, prompt: prompt)
        let body = request.openAIChatBody(
            model: production.providerModel, asksUsage: production.asksUsage,
            namesCompletionTokens: production.isOpenAI)
        production.produce(generation, body: body, asksReasoning: false)
    }

    /// The first bytes of an event stream: how soon to reconnect, and the cursor before the first event.
    private func prelude(_ framing: Framing, _ id: GenerationID) -> [UInt8] {
        framing == .eventStream ? Array("retry: 1000\nid: \(id):0\n\n".utf8) : []
    }

    // MARK: Attaching

    private func attach(
        _ exchange: HTTPServerExchange, _ text: String, _ query: Query, owner: String
    ) throws(Caller.Refused) {
        guard let cursor = EventCursor(text) else {
            throw Caller.Refused(RequestError("Last-Event-ID", "must be an id of this stream: gen_…:seq"))
        }
        // Somebody else's is as unknown as one that never was.
        guard let place = gateway.registry.place(of: cursor.generation), place.owner == owner else {
            let age = WallClock.milliseconds().subtractingReportingOverflow(cursor.generation.milliseconds)
            if !age.overflow, age.partialValue > Self.goneAfter {
                throw Caller.Refused("gone", "generation \(cursor.generation) is too old to be kept")
            }
            throw Caller.Refused("not_found", "there is no generation \(cursor.generation), or it is no longer kept")
        }
        let isNamed = query.isNamed
        exchange.move(to: place.generation.loop) { exchange in
            Self.attach(exchange, to: place.generation.value, after: cursor.sequence, isNamed: isNamed)
        }
    }

    /// On the generation's loop.
    private static func attach(
        _ exchange: HTTPServerExchange, to generation: LiveGeneration, after sequence: UInt64, isNamed: Bool
    ) {
        let last = generation.live.log.visibleSequence
        guard sequence <= last else {
            let error = RequestError("Last-Event-ID", "is ahead of the generation, whose last event is \(last)")
            return ErrorAnswer(error.failure).send(on: exchange, generation: generation.id)
        }
        exchange.record?.generation = generation
        if generation.hasEnded, sequence == last {
            var fields = HTTPFields()
            fields.append("x-freshet-generation", String(describing: generation.id))
            return exchange.respond(status: 204, fields: fields)
        }
        let framing = Framing(accepting: exchange.head.fields)
        let encoder = SimpleEncoder(
            generation: generation.id, framing: framing, isNamed: isNamed,
            resuming: generation.live.log.fold(through: sequence))
        let prelude = framing == .eventStream ? Array("retry: 1000\n\n".utf8) : []
        let style = StreamReader.Style(prelude: prelude, heartbeat: framing.heartbeat)
        let cursor = LogCursor(after: sequence)
        StreamReader(exchange, of: generation, encoder: encoder, style: style, after: cursor).start()
    }
}
