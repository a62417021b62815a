import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetRouter
import FreshetTransport

/// A reader that comes to a generation that is there already: in any dialect, behind any event.
struct Attachment {
    /// What it asks for.
    struct Query: Sendable {
        var dialect = DialectName.native
        var framing = Framing.eventStream
        /// Number of the last event it has.
        var sequence: UInt64 = 0
        /// Frames it has of that event, where the event makes several and it has not all of them.
        var part: Int?
        var isNamed = false
        var includesUsage = false
        /// Whether frames bear cursors, where the framing has a place for them.
        var bearsCursors = true
        /// What named the event, for whoever named one that is not there.
        var field = "after"
    }

    private let query: Query

    init(_ query: Query) { self.query = query }

    /// Begins to serve, on the generation's loop.
    ///
    /// - Throws: When the reader names an event that is not there.
    func serve(_ exchange: HTTPServerExchange, _ generation: LiveGeneration) throws(Caller.Refused) {
        let log = generation.live.log
        switch Attaching(after: sequence(in: generation), last: log.visibleSequence, hasEnded: generation.hasEnded) {
        case .ahead(let last):
            throw .init(RequestError(query.field, "is ahead of the generation, whose last event is \(last)"))
        case .complete:
            var fields = HTTPFields()
            fields.append("x-freshet-generation", String(describing: generation.id))
            exchange.respond(status: 204, fields: fields)
        case .follow(let sequence):
            let encoder = self.encoder(generation.id, resuming: log.fold(through: sequence))
            let style = StreamReader.Style(
                prelude: Array(query.prelude.utf8), heartbeat: encoder.heartbeat, joins: true)
            let cursor = LogCursor(after: sequence)
            StreamReader(exchange, of: generation, encoder: encoder, style: style, after: cursor).start()
        }
    }

    /// Who has not all of an event's frames does not have the event.
    private func sequence(in generation: LiveGeneration) -> UInt64 {
        let isEnd = generation.hasEnded && query.sequence == generation.live.log.lastSequence
        guard query.part != nil, query.sequence > 0, query.dialect.hasParts(atEnd: isEnd) else { return query.sequence }
        return query.sequence - 1
    }

    /// The native one needs no fold, so a reconnect costs nothing of what was said before.
    private func encoder(_ id: GenerationID, resuming fold: @autoclosure () -> GenerationFold) -> any StreamEncoder {
        var reader = DialectName.Reader(of: id)
        (reader.framing, reader.mayReturn) = (query.framing, query.bearsCursors)
        reader.isNamed = query.isNamed
        reader.includesUsage = query.includesUsage
        reader.taken = query.part.map { $0 + 1 } ?? 0
        if query.dialect != .native { reader.fold = fold() }
        return query.dialect.encoder(for: reader)
    }
}

extension Attachment.Query {
    /// What comes before the first event: how soon a browser that was cut is to come back. Who reads a vendor's dialect
    /// does so with its SDK, and some of those take the block for an event, in which they look for JSON.
    fileprivate var prelude: String {
        switch dialect {
        case .native, .simple: framing.isEventStream ? "retry: 1000\n\n" : ""
        case .openAIChat, .anthropic, .gemini: ""
        }
    }

    /// What `?after=&dialect=`, `Last-Event-ID` and `Accept` say.
    ///
    /// - Parameters:
    ///   - head: Where both name a place, `Last-Event-ID` holds: a browser keeps the URL and moves on in the field.
    ///   - id: The generation that a cursor has to be of.
    /// - Throws: What the client is told; names the parameter or field.
    init(_ head: HTTPRequestHead, of id: Substring) throws(Caller.Refused) {
        let parameters = try Parameters(head.query, knowing: ["after", "dialect", "events", "include_usage"])
        framing = Framing(accepting: head.fields)
        if let name = parameters["dialect"] {
            guard let known = DialectName(rawValue: name) else {
                let names = DialectName.allCases.map(\.rawValue).joined(separator: ", ")
                throw Caller.Refused(RequestError("dialect", "must be one of \(names)"))
            }
            dialect = known
        }
        if dialect == .gemini, framing == .eventStream { framing = .eventStreamCRLF }
        switch parameters["events"] {
        case nil: break
        case "named": isNamed = true
        case .some: throw Caller.Refused(RequestError("events", "must be `named`, or left out"))
        }
        switch parameters["include_usage"] {
        case nil, "false": break
        case "true": includesUsage = true
        case .some: throw Caller.Refused(RequestError("include_usage", "must be `true` or `false`"))
        }
        if let place = try head.fields.only("Last-Event-ID"), !place.isEmpty {
            field = "Last-Event-ID"
            try take(place, of: id)
        } else if let place = parameters["after"] {
            try take(place, of: id)
        }
    }

    private mutating func take(_ place: String, of id: Substring) throws(Caller.Refused) {
        if let cursor = EventCursor(place) {
            guard String(describing: cursor.generation) == id else {
                throw Caller.Refused(RequestError(field, "is a place in another generation"))
            }
            (sequence, part) = (cursor.sequence, cursor.part)
        } else if field == "after", let cursor = EventCursor("\(id):\(place)") {
            (sequence, part) = (cursor.sequence, cursor.part)
        } else {
            throw Caller.Refused(
                RequestError(
                    field, field == "after" ? "must be an event's number or id" : "must be an event's id: gen_…:seq"))
        }
    }
}
