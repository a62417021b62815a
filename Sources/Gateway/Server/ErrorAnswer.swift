import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// An error before the first byte: a status and a body in OpenAI's form.
struct ErrorAnswer {
    private let failure: GenerationFailure
    private let refusal: ProviderRefusal?
    private let reported: [UInt8]?

    /// - Parameters:
    ///   - failure: What is told, and with which status, where there is no refusal.
    ///   - refusal: The provider's own answer, passed on as it is to clients of its dialect.
    init(_ failure: GenerationFailure, refusal: ProviderRefusal? = nil) {
        (self.failure, self.refusal, reported) = (failure, refusal, nil)
    }

    /// Tells a caller why nothing was done.
    static func send(_ refused: Caller.Refused, on exchange: HTTPServerExchange) {
        ErrorAnswer(refused.failure).send(on: exchange, generation: refused.generation)
    }

    /// How a generation failed before its first byte, in the provider's own words where it gave any.
    init(_ failure: GenerationFailure, of generation: LiveGeneration) {
        (self.failure, refusal, reported) = (failure, generation.refusal, generation.reportedError)
    }

    /// Answers, and ends the exchange.
    ///
    /// - Parameters:
    ///   - exchange: Nothing may have been sent on it.
    ///   - generation: Named in `x-freshet-generation`; nil when none was made.
    ///   - fields: What else the client may see of the provider's response.
    func send(on exchange: HTTPServerExchange, generation: GenerationID? = nil, fields: HTTPFields = HTTPFields()) {
        var fields = fields
        if let generation { fields.append("x-freshet-generation", String(describing: generation)) }
        if let record = exchange.record, record.generation == nil { record.error = failure.code.name }
        exchange.respond(answer(fields))
    }

    /// The response, with what else the client may see in `fields`.
    func answer(_ fields: HTTPFields = HTTPFields()) -> HTTPServerAnswer {
        var fields = fields
        if let refusal {
            let type = refusal.contentType.isEmpty ? "application/json" : refusal.contentType
            fields.append("content-type", type)
            return HTTPServerAnswer(status: refusal.status, fields: fields, body: refusal.body)
        }
        fields.append("content-type", "application/json")
        if failure.status == 401 { fields.append("www-authenticate", "Bearer") }
        let body = reported.map(Self.body(raw:)) ?? Self.body(failure)
        return HTTPServerAnswer(status: failure.status, fields: fields, body: body)
    }

    private static func body(raw: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        ChatFailure.append(raw: raw, to: &body)
        return body
    }

    static func body(_ failure: GenerationFailure) -> [UInt8] {
        var body: [UInt8] = []
        ChatFailure.append(failure, to: &body)
        return body
    }
}
