import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// `GET /api/chat?prompt=&model=`: an answer for the browser's own `EventSource`, in the simple dialect.
///
/// A request with `Last-Event-ID` never makes a generation: `ReturningReader`.
struct EventSourceEndpoint {
    let gateway: Gateway

    /// What the query asks for.
    private struct Query {
        var prompt: String?
        var model: String?
        var isNamed = false
        var isLogged = false
    }

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let query = try read(exchange.head.query)
            guard let place = try ReturningReader.place(in: exchange.head.fields) else {
                return try create(exchange, query, owner: owner)
            }
            var wanted = Attachment.Query()
            (wanted.dialect, wanted.isNamed) = (.simple, query.isNamed)
            wanted.framing = Framing(accepting: exchange.head.fields)
            try ReturningReader(gateway: gateway).serve(exchange, after: place, wanted, owner: owner)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func read(_ text: String?) throws(Caller.Refused) -> Query {
        let parameters = try Parameters(text, knowing: ["prompt", "model", "events", "log"])
        var query = Query(prompt: parameters["prompt"], model: parameters["model"])
        switch parameters["events"] {
        case nil: break
        case "named": query.isNamed = true
        case .some: throw Caller.Refused(RequestError("events", "must be `named`, or left out"))
        }
        switch parameters["log"] {
        case nil, "off": break
        case "on": query.isLogged = true
        case .some: throw Caller.Refused(RequestError("log", "must be `on` or `off`"))
        }
        return query
    }

    // MARK: Creating

    private func create(_ exchange: HTTPServerExchange, _ query: Query, owner: String) throws(Caller.Refused) {
        guard let prompt = query.prompt, !prompt.isEmpty else {
            throw Caller.Refused(RequestError("prompt", "is required: /api/chat?prompt=hello"))
        }
        let production = try Production(exchange, model: query.model, gateway: gateway)
        let request = GenerationRequest(model: query.model, prompt: prompt)
        let body = try production.body(of: request)
        let keeping = Keeping(isLogged: query.isLogged)
        let retention = keeping.retention(byDefault: .eventSource, gateway.configuration.limits)
        let made = try production.generation(
            owner: owner, dialect: .simple, retention: retention, keeping: keeping,
            request: retention.isLogged ? request.body : [])
        guard case .new(let generation) = made else { return }
        let framing = Framing(accepting: exchange.head.fields)
        let encoder = SimpleEncoder(generation: generation.id, framing: framing, isNamed: query.isNamed)
        let style = StreamReader.Style(
            prelude: prelude(framing, generation.id), heartbeat: framing.heartbeat)
        StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
        production.produce(generation, body: body, asksReasoning: false)
    }

    /// The first bytes of an event stream: how soon to reconnect, and the cursor before the first event.
    private func prelude(_ framing: Framing, _ id: GenerationID) -> [UInt8] {
        framing.isEventStream ? Array("retry: 1000\nid: \(id):0\n\n".utf8) : []
    }
}
