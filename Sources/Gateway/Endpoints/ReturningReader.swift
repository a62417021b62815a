import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// A request that would make a generation, sent again by a reader whose connection was cut: `Last-Event-ID` says so.
///
/// Such a request never makes one: it reads on behind the event that it names, or is told with 204 that it has
/// everything. Or who reconnects by asking again would pay twice.
struct ReturningReader {
    let gateway: Gateway

    /// The place a request names.
    ///
    /// - Returns: Nil for a first request.
    /// - Throws: When it is none of ours.
    static func place(in fields: HTTPFields) throws(Caller.Refused) -> EventCursor? {
        guard let text = try fields.only("Last-Event-ID"), !text.isEmpty else { return nil }
        guard let cursor = EventCursor(text) else {
            throw Caller.Refused(RequestError("Last-Event-ID", "must be an id of this stream: gen_…:seq"))
        }
        return cursor
    }

    /// Serves what follows.
    ///
    /// - Parameters:
    ///   - exchange: Not to be touched any more when this returns.
    ///   - cursor: The last frame the reader has.
    ///   - query: In which dialect and framing it reads.
    ///   - owner: Of the caller's key.
    /// - Throws: When there is no such generation of this caller.
    func serve(
        _ exchange: HTTPServerExchange, after cursor: EventCursor, _ query: Attachment.Query, owner: String
    ) throws(Caller.Refused) {
        var query = query
        (query.field, query.sequence, query.part) = ("Last-Event-ID", cursor.sequence, cursor.part)
        try gateway.reach(cursor.generation, owner: owner, exchange) { [query] exchange, generation in
            exchange.releaseBody()
            exchange.record?.generation = generation
            do throws(Caller.Refused) {
                try generation.checkKept()
                try Attachment(query).serve(exchange, generation)
            } catch {
                exchange.record?.error = error.failure.code.name
                ErrorAnswer(error.failure).send(on: exchange, generation: generation.id)
            }
        }
    }
}
