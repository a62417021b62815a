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
        var keeping: Keeping
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
            guard let parent = asked.request.parent else { return try create(exchange, asked) }
            try continueConversation(exchange, asked, of: parent)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func read(_ exchange: HTTPServerExchange, owner: String) throws(Caller.Refused) -> Asked {
        let limits = gateway.configuration.limits
        let keeping = try Keeping(exchange, owner: owner)
        let body = exchange.body
        let request: GenerationRequest
        do { request = try GenerationRequest(body: body.span, limits: limits.ofJSON) } catch {
            throw Caller.Refused(error)
        }
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

    // MARK: Conversations

    /// Takes what was said from the parent, on whose loop the child is made.
    private func continueConversation(
        _ exchange: HTTPServerExchange, _ asked: Asked, of parent: GenerationID
    ) throws(Caller.Refused) {
        let limits = gateway.configuration.limits.ofJSON
        try gateway.reach(parent, owner: asked.owner, exchange) { [self] exchange, generation in
            do throws(Caller.Refused) {
                var asked = asked
                asked.keeping.parent = parent
                asked.keeping.earlier = try generation.conversation(limits)
                try create(exchange, asked)
            } catch {
                ErrorAnswer.send(error, on: exchange)
            }
        }
    }

    // MARK: Creating

    private func create(_ exchange: HTTPServerExchange, _ asked: Asked) throws(Caller.Refused) {
        let production = try Production(
            exchange, model: asked.request.model ?? asked.keeping.earlier?.model, gateway: gateway)
        var request = asked.request
        if let earlier = asked.keeping.earlier {
            request.messages = earlier.allMessages + request.messages
            request.system = request.system ?? earlier.system
        }
        let body = request.openAIChatBody(
            model: production.providerModel, asksUsage: production.asksUsage,
            namesCompletionTokens: production.isOpenAI)
        guard asked.keeping.earlier == nil || body.count <= gateway.configuration.limits.body else {
            throw Caller.Refused(.tooLarge, "the conversation has become longer than a request may be")
        }
        let made = try production.generation(
            owner: asked.owner, dialect: .native, retention: asked.retention, keeping: asked.keeping,
            request: asked.body)
        switch made {
        case .new(let generation):
            answer(exchange, asked.form, generation, isNew: true)
            production.produce(generation, body: body, asksReasoning: request.options["reasoning"] != nil)
        case .repeated(let id):
            let form = asked.form
            try gateway.reach(id, owner: asked.owner, exchange) { [self] exchange, generation in
                exchange.record?.generation = generation
                answer(exchange, form, generation, isNew: false)
            }
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

extension LiveGeneration {
    /// All that was said up to its end, for a request that goes on from there.
    ///
    /// - Throws: When there is nothing yet to go on from, or too much.
    func conversation(_ limits: JSONLimits) throws(Caller.Refused) -> ConversationTurn {
        guard let origin else {
            throw .init("conflict", "generation \(id) is not logged, so nothing can go on from it", generation: id)
        }
        guard hasEnded else {
            throw .init("conflict", "generation \(id) is still running: stop it, or wait", generation: id)
        }
        let question = ConversationTurn(asking: origin, model: model, after: earlier, limits: limits)
        let answer = ConversationTurn(live.log.fold().messages, model: model, after: question)
        guard answer.count < ConversationTurn.limit else {
            throw Caller.Refused(RequestError("parent", "stands at the end of more than 1000 turns"))
        }
        return answer
    }
}
