import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetTransport

/// What can be done with one generation: `/v1/generations/{id}`, its `/events` and its `/stop`.
struct OneGenerationEndpoint {
    let gateway: Gateway
    /// As the path has it.
    let id: Substring

    /// Hands the exchange over to the generation's loop.
    private func reach(
        _ exchange: HTTPServerExchange, owner: String,
        unreadable: (@Sendable (HTTPServerExchange) -> Void)? = nil,
        then: @escaping @Sendable (HTTPServerExchange, LiveGeneration) throws(Caller.Refused) -> Void
    ) {
        do throws(Caller.Refused) {
            guard let id = GenerationID(id) else {
                throw Caller.Refused("not_found", "there is no generation \(id.prefix(100))")
            }
            try gateway.reach(id, owner: owner, exchange, unreadable: unreadable) { exchange, generation in
                exchange.releaseBody()
                exchange.record?.generation = generation
                do throws(Caller.Refused) { try then(exchange, generation) } catch {
                    exchange.record?.error = error.failure.code.name
                    ErrorAnswer(error.failure).send(on: exchange, generation: generation.id)
                }
            }
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    /// `GET /v1/generations/{id}`: what it amounts to so far.
    func read(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            if try Parameters(exchange.head.query, knowing: ["dialect"])["dialect"].map({ $0 != "native" }) == true {
                throw Caller.Refused(RequestError("dialect", "is for `/events`: this document has one form only"))
            }
        } catch {
            return ErrorAnswer.send(error, on: exchange)
        }
        reach(exchange, owner: owner) { exchange, generation throws(Caller.Refused) in
            try generation.checkKept()
            exchange.respond(
                status: 200, fields: GenerationDocument.fields(generation.id),
                body: GenerationDocument.whole(generation))
        }
    }

    /// `DELETE /v1/generations/{id}`: ends it where it runs, and forgets it.
    func delete(_ exchange: HTTPServerExchange, owner: String) {
        let deleteUnread: @Sendable (HTTPServerExchange) -> Void = { self.deleteUnread($0, owner: owner) }
        reach(exchange, owner: owner, unreadable: deleteUnread) { exchange, generation throws(Caller.Refused) in
            generation.delete { Self.answer(exchange, generation.id, isDeleted: $0) }
        }
    }

    private static func answer(_ exchange: HTTPServerExchange, _ id: GenerationID, isDeleted: Bool) {
        guard isDeleted else {
            let failure = GenerationFailure(
                code: .overloaded, message: "it has ended, but cannot be deleted just now: the disk fails",
                isRetryable: true)
            return ErrorAnswer(failure).send(on: exchange, generation: id)
        }
        var fields = HTTPFields()
        fields.append("x-freshet-generation", String(describing: id))
        exchange.respond(status: 204, fields: fields)
    }

    /// Its log is damaged: it is forgotten without being read.
    private func deleteUnread(_ exchange: HTTPServerExchange, owner: String) {
        guard let archive = gateway.archive, let id = GenerationID(id) else { return }
        exchange.releaseBody()
        let carrier = LoopBound(exchange, on: exchange.loop)
        archive.delete(unread: id, owner: owner) { [gateway] deletion in
            carrier.loop.execute {
                let exchange = carrier.value
                switch deletion {
                case nil: Self.answer(exchange, id, isDeleted: false)
                case .absent: ErrorAnswer.send(gateway.absence(of: id), on: exchange)
                case .done(let scope):
                    gateway.registry.deleted(id, scope)
                    Self.answer(exchange, id, isDeleted: true)
                }
            }
        }
    }

    /// `POST /v1/generations/{id}/stop`: ends it where it runs, and keeps what there is.
    func stop(_ exchange: HTTPServerExchange, owner: String) {
        reach(exchange, owner: owner) { exchange, generation throws(Caller.Refused) in
            generation.stop()
            exchange.respond(
                status: 200, fields: GenerationDocument.fields(generation.id),
                body: GenerationDocument.summary(of: generation))
        }
    }

    /// `GET /v1/generations/{id}/events`: reads on behind a cursor.
    func attach(_ exchange: HTTPServerExchange, owner: String) {
        let query: Attachment.Query
        do throws(Caller.Refused) { query = try Attachment.Query(exchange.head, of: id) } catch {
            return ErrorAnswer.send(error, on: exchange)
        }
        reach(exchange, owner: owner) { exchange, generation throws(Caller.Refused) in
            try generation.checkKept()
            try Attachment(query).serve(exchange, generation)
        }
    }
}

extension LiveGeneration {
    /// - Throws: When only the request that made it can read it.
    func checkKept() throws(Caller.Refused) {
        guard isReadOnce else { return }
        throw .init(
            "conflict", "generation \(id) is not logged: only the request that made it reads it", generation: id)
    }
}
