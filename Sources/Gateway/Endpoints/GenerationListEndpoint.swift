import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetStores
import FreshetTransport

/// `GET /v1/generations?state=&limit=&after=`: the caller's own, the newest first.
struct GenerationListEndpoint {
    private static let most = 100

    let gateway: Gateway

    private struct Query {
        var limit = 20
        var state: String?
        var after: GenerationID?
    }

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let query = try Self.read(exchange.head.query)
            let live = gateway.registry.all.filter { $0.owner == owner }
            guard let archive = gateway.archive else { return Self.answer(exchange, query, live, []) }
            list(exchange, query, live, owner, from: archive)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private static func read(_ text: String?) throws(Caller.Refused) -> Query {
        let parameters = try Parameters(text, knowing: ["state", "limit", "after"])
        var query = Query()
        if let text = parameters["limit"] {
            guard let limit = Int(text), (1...most).contains(limit) else {
                throw Caller.Refused(RequestError("limit", "must be a whole number from 1 to \(most)"))
            }
            query.limit = limit
        }
        if let text = parameters["after"] {
            guard let after = GenerationID(text) else {
                throw Caller.Refused(RequestError("after", "must be a generation's id: gen_…"))
            }
            query.after = after
        }
        if let state = parameters["state"] {
            let known = ["running", "ended"] + Outcome.allCases.map(\.rawValue)
            guard known.contains(state) else {
                throw Caller.Refused(RequestError("state", "must be one of \(known.joined(separator: ", "))"))
            }
            query.state = state
        }
        return query
    }

    /// Adds what only the catalogue has. Of what is in memory it may know too, and be behind.
    private func list(
        _ exchange: HTTPServerExchange, _ query: Query, _ live: [GenerationRegistry.Place], _ owner: String,
        from archive: Archive
    ) {
        let carrier = LoopBound(exchange, on: exchange.loop)
        let limit = query.limit + 1 + live.count
        archive.list(owner: owner, state: query.state, before: query.after, limit: limit) { result in
            carrier.loop.execute {
                if case .success(let entries) = result { return Self.answer(carrier.value, query, live, entries) }
                let failure = GenerationFailure(
                    code: .overloaded, message: "what is kept cannot be read just now", isRetryable: true)
                ErrorAnswer(failure).send(on: carrier.value)
            }
        }
    }

    private static func answer(
        _ exchange: HTTPServerExchange, _ query: Query, _ live: [GenerationRegistry.Place], _ kept: [CatalogueEntry]
    ) {
        let known = Set(live.map(\.summary.id))
        var found = live.filter { matches($0, query) }.map { Listed.live($0) }
        // Whatever the catalogue believes: what runs is in memory.
        found += kept.filter { $0.end != nil && !known.contains($0.id) }.map { Listed.kept($0) }
        found.sort { $1.id < $0.id }
        exchange.respond(
            status: 200, fields: GenerationDocument.fields(),
            body: list(found.prefix(query.limit), hasMore: found.count > query.limit))
    }

    /// One generation, in memory or in the catalogue.
    private enum Listed {
        case live(GenerationRegistry.Place)
        case kept(CatalogueEntry)

        var id: GenerationID {
            switch self {
            case .live(let place): place.summary.id
            case .kept(let entry): entry.id
            }
        }

        func append(to out: inout [UInt8]) {
            switch self {
            case .live(let place): GenerationDocument.append(place, to: &out)
            case .kept(let entry): GenerationDocument.append(entry, to: &out)
            }
        }
    }

    private static func matches(_ place: GenerationRegistry.Place, _ query: Query) -> Bool {
        if let after = query.after, !(place.summary.id < after) { return false }
        return switch query.state {
        case nil: true
        case "running": place.end == nil
        case "ended": place.end != nil
        case .some(let state): place.end?.outcome.rawValue == state
        }
    }

    private static func list(_ entries: ArraySlice<Listed>, hasMore: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"freshet\":1,\"data\":[")
        for (index, entry) in entries.enumerated() {
            if index > 0 { out.append(0x2C) }
            entry.append(to: &out)
        }
        out.appendJSON(raw: "],\"has_more\":")
        out.appendJSON(bool: hasMore)
        out.append(0x7D)
        return out
    }
}
