import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
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
            if let archive = gateway.archive { return list(exchange, query, owner, from: archive) }
            exchange.respond(
                status: 200, fields: GenerationDocument.fields(), body: Self.list(matches(query, owner), query.limit) { GenerationDocument.append($0, to: &$1) })
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private static func read(_ text: String?) throws(Caller.Refused) -> Query {
        let parameters: HTTPQuery
        do { parameters = try HTTPQuery(parsing: text) } catch {
            throw Caller.Refused(.invalidRequest, "the query cannot be read: \(error)")
        }
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

    /// One more than asked for, where there are so many.
    private func matches(_ query: Query, _ owner: String) -> [GenerationRegistry.Place] {
        let all = gateway.registry.all.filter { place in
            guard place.owner == owner else { return false }
            if let after = query.after, !(place.summary.id < after) { return false }
            return switch query.state {
            case nil: true
            case "running": place.end == nil
            case "ended": place.end != nil
            case .some(let state): place.end?.outcome.rawValue == state
            }
        }
        return Array(all.sorted { $1.summary.id < $0.summary.id }.prefix(query.limit + 1))
    }

    /// The catalogue knows those that run, too.
    private func list(_ exchange: HTTPServerExchange, _ query: Query, _ owner: String, from archive: Archive) {
        let carrier = LoopBound(exchange, on: exchange.loop)
        let limit = query.limit
        archive.list(owner: owner, state: query.state, before: query.after, limit: limit + 1) { result in
            carrier.loop.execute {
                guard case .success(let entries) = result else {
                    let failure = GenerationFailure(
                        code: .overloaded, message: "what is kept cannot be read just now", isRetryable: true)
                    return ErrorAnswer(failure).send(on: carrier.value)
                }
                carrier.value.respond(
                    status: 200, fields: GenerationDocument.fields(),
                    body: Self.list(entries, limit) { GenerationDocument.append($0, to: &$1) })
            }
        }
    }

    private static func list<Listed>(
        _ entries: [Listed], _ limit: Int, _ append: (Listed, inout [UInt8]) -> Void
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"freshet\":1,\"data\":[")
        for (index, entry) in entries.prefix(limit).enumerated() {
            if index > 0 { out.append(0x2C) }
            append(entry, &out)
        }
        out.appendJSON(raw: "],\"has_more\":")
        out.appendJSON(bool: entries.count > limit)
        out.append(0x7D)
        return out
    }
}
