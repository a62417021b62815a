import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// An error before the first byte: a status and a body in the form that the client's dialect has.
struct ErrorAnswer {
    private let failure: GenerationFailure
    private let refusal: ProviderRefusal?
    private let reported: [UInt8]?
    /// In which the refusal and the reported error are written.
    private let source: DialectName?

    /// - Parameter failure: What is told, and with which status.
    init(_ failure: GenerationFailure) { (self.failure, refusal, reported, source) = (failure, nil, nil, nil) }

    /// How a generation failed before its first byte; to clients of the provider's dialect in the provider's own words,
    /// where it gave any.
    init(_ failure: GenerationFailure, of generation: LiveGeneration) {
        (self.failure, refusal, reported) = (failure, generation.refusal, generation.reportedError)
        source = generation.providerDialect?.name
    }

    /// Tells a caller why nothing was done.
    static func send(_ refused: Caller.Refused, on exchange: HTTPServerExchange) {
        ErrorAnswer(refused.failure).send(on: exchange, generation: refused.generation)
    }

    /// Answers, and ends the exchange.
    ///
    /// - Parameters:
    ///   - exchange: Nothing may have been sent on it.
    ///   - generation: Named in `x-freshet-generation`; nil when none was made.
    ///   - fields: What else the client may see of the provider's response.
    func send(on exchange: HTTPServerExchange, generation: GenerationID? = nil, fields: HTTPFields = HTTPFields()) {
        var fields = fields
        if let generation, generation == exchange.record?.generation?.id {
            fields.append(generation, for: exchange)
        } else if let generation {
            fields.append("x-freshet-generation", String(describing: generation))
        }
        if let record = exchange.record, record.generation == nil { record.error = failure.code.name }
        exchange.respond(answer(in: exchange.record?.dialect, fields))
    }

    /// The response.
    ///
    /// - Parameters:
    ///   - dialect: The client's; nil where a path belongs to none.
    ///   - fields: What else the client may see.
    /// - Returns: Whole.
    func answer(in dialect: DialectName?, _ fields: HTTPFields = HTTPFields()) -> HTTPServerAnswer {
        let form = dialect?.errorForm ?? .openAIChat
        var fields = fields
        if let refusal, source == form {
            let type = refusal.contentType.isEmpty ? "application/json" : refusal.contentType
            fields.append("content-type", type)
            return HTTPServerAnswer(status: refusal.status, fields: fields, body: refusal.body)
        }
        fields.append("content-type", "application/json")
        var failure = failure
        // Some dialects say it in the document as well. A date stays in the head alone.
        failure.retryAfter = failure.retryAfter ?? fields["retry-after"].flatMap { Int($0) }.map { max(0, $0) }
        let status = form.status(of: failure)
        if status == 401 { fields.append("www-authenticate", "Bearer") }
        if let seconds = failure.retryAfter, fields["retry-after"] == nil {
            fields.append("retry-after", String(seconds))
        }
        // The official clients ask again upon these statuses, whatever the body says.
        if !failure.isRetryable, !failure.isProvidersWord, status == 409 || status >= 500,
            fields["x-should-retry"] == nil
        {
            fields.append("x-should-retry", "false")
        }
        let raw = source == form ? reported : nil
        return HTTPServerAnswer(status: status, fields: fields, body: form.errorBody(failure, raw: raw))
    }
}
