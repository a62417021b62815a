import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetTransport

/// `POST /v1/generations`: makes a generation in the native dialect, and answers with its events or with its name alone.
struct GenerationsEndpoint {
    let gateway: Gateway

    /// How the client wants to be answered.
    private enum Form {
        case stream(Framing)
        /// `{"id":…}`, while the generation runs on by itself.
        case name

        init(_ fields: HTTPFields) {
            if fields.contains("accept", mediaType: "application/x-ndjson") {
                self = .stream(.jsonLines)
            } else if fields.contains("accept", mediaType: "application/json"),
                !fields.contains("accept", mediaType: "text/event-stream")
            {
                self = .name
            } else {
                self = .stream(.eventStream)
            }
        }
    }

    /// What a request says.
    private struct Asked {
        let owner: String
        let body: [UInt8]
        let request: GenerationRequest
        let form: Form
        let keeping: Keeping
        let retention: Retention
    }

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let asked = try read(exchange, owner: owner)
            if let place = try ReturningReader.place(in: exchange.head.fields) {
                var query = Attachment.Query()
                query.framing = Framing(accepting: exchange.head.fields)
                return try ReturningReader(gateway: gateway).serve(exchange, after: place, query, owner: owner)
            }
            try begin(exchange, asked)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func read(_ exchange: HTTPServerExchange, owner: String) throws(Caller.Refused) -> Asked {
        let limits = gateway.configuration.limits
        var keeping = try Keeping(exchange, owner: owner)
        let body = exchange.body
        let request: GenerationRequest
        do { request = try GenerationRequest(body: body.span, limits: limits.ofJSON) } catch {
            throw Caller.Refused(error)
        }
        keeping.parent = request.parent
        let retention = keeping.retention(byDefault: Keeping.native(limits), limits)
        let form = Form(exchange.head.fields)
        if !retention.isLogged, case .name = form {
            throw Caller.Refused(RequestError("x-freshet-log", "cannot be `off` where only the id is asked for"))
        }
        if !retention.isLogged, request.parent != nil {
            throw Caller.Refused(RequestError("x-freshet-log", "cannot be `off` beside a `parent`"))
        }
        return Asked(
            owner: owner, body: body, request: request, form: form, keeping: keeping, retention: retention)
    }

    // MARK: Creating

    /// Serves what the request's key made, or makes it, with what was said before.
    private func begin(_ exchange: HTTPServerExchange, _ asked: Asked) throws(Caller.Refused) {
        let form = asked.form
        try gateway.once(exchange, asked.keeping, owner: asked.owner) { [self] exchange, generation in
            exchange.record?.generation = generation
            answer(exchange, form, generation, isNew: false)
        } make: { [self] exchange throws(Caller.Refused) in
            guard let parent = asked.request.parent else { return try create(exchange, asked, after: nil) }
            let search = ConversationSearch(gateway, exchange, upTo: parent, owner: asked.owner) {
                [self] exchange, conversation throws(Caller.Refused) in
                try create(exchange, asked, after: conversation)
            }
            search.start()
        }
    }

    private func create(
        _ exchange: HTTPServerExchange, _ asked: Asked, after earlier: Conversation?
    ) throws(Caller.Refused) {
        let production = try Production(exchange, model: asked.request.model ?? earlier?.model, gateway: gateway)
        var request = asked.request
        if let earlier {
            request.messages = earlier.messages + request.messages
            request.system = request.system ?? earlier.system
        }
        let body = try production.body(of: request)
        guard earlier == nil || body.count <= gateway.configuration.limits.body else { throw .conversationTooLong }
        let made = try production.generation(
            owner: asked.owner, dialect: .native, retention: asked.retention, keeping: asked.keeping,
            request: asked.body)
        switch made {
        case .new(let generation):
            answer(exchange, asked.form, generation, isNew: true)
            production.produce(generation, body: body, asksReasoning: request.asksReasoning)
        // The same request was faster.
        case .repeated: try begin(exchange, asked)
        }
    }

    /// Answers with the generation's name, or with its events from the first on.
    private func answer(_ exchange: HTTPServerExchange, _ form: Form, _ generation: LiveGeneration, isNew: Bool) {
        let location = "/v1/generations/\(generation.id)"
        switch form {
        case .name:
            exchange.releaseBody()
            var fields = GenerationDocument.fields(generation.id)
            fields.append("location", location)
            exchange.respond(
                status: isNew ? 201 : 200, fields: fields, body: GenerationDocument.summary(of: generation))
            generation.waitForReaders()
        case .stream(let framing):
            let isGoverned = generation.isReadOnce
            let style = StreamReader.Style(
                unreadLimit: isGoverned ? gateway.configuration.limits.unread : nil, heartbeat: framing.heartbeat,
                location: location)
            let encoder = NativeEncoder(generation: generation.id, framing: framing)
            StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
        }
    }
}
