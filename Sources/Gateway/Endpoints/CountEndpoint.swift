import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetTransport

/// `POST /v1/messages/count_tokens` and `:countTokens`: how many tokens a request would have.
///
/// Where the model's provider speaks the client's dialect it is asked, and its answer passed on as it is. Any other has no
/// such question: then the tokens are estimated, and the answer says so.
struct CountEndpoint {
    let gateway: Gateway
    /// Named in the path, where the dialect has it there.
    let model: String?

    /// Told beside every estimate.
    private static let estimated = "x-freshet-estimated"

    func serve(_ exchange: HTTPServerExchange) {
        do throws(Caller.Refused) {
            let limits = gateway.configuration.limits.ofJSON
            let dialect = exchange.record?.dialect ?? .anthropic
            let given = dialect.withoutForeignSignatures(exchange.body, limits: limits)
            let asked = try NamedModel(in: given, limits: limits)
            let production = try Production(exchange, model: model ?? asked.model, gateway: gateway)
            guard production.dialect.name == dialect else {
                do { try Self.check(given, asked, in: dialect) } catch { throw Caller.Refused(error) }
                return respond(exchange, dialect, given)
            }
            let body = JSONSplice.applying(
                Self.edits(of: asked, in: given, for: production), to: given.span, members: asked.members)
            let target =
                dialect == .gemini
                ? production.target(asking: "countTokens") : production.target(of: "/messages/count_tokens")
            Passage(exchange, production.passage(to: target, body: body), gateway.configuration.limits)
                .start(with: gateway.client(on: exchange.loop))
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    /// What no provider looks at has at least to be a request.
    private static func check(_ body: [UInt8], _ asked: NamedModel, in dialect: DialectName) throws(RequestError) {
        guard dialect == .gemini else {
            _ = try AnthropicRequest(body: body)
            return
        }
        let nested = asked.members.last {
            $0.isNamed(Self.nested, in: body.span) || $0.isNamed("generate_content_request", in: body.span)
        }
        let request = nested.map { Array(body[$0.valueRange]) } ?? body
        _ = try GeminiRequest(body: request, model: nil, isStream: false)
    }

    /// Where a count may hold the request it counts for.
    private static let nested = "generateContentRequest"

    /// The model under the provider's name for it, wherever the dialect names it in the body.
    private static func edits(
        of asked: NamedModel, in body: [UInt8], for production: Production
    ) -> [JSONSplice.Edit] {
        guard production.dialect == .gemini else {
            return [("model", NamedModel.text(production.providerModel)), ("freshet", nil)]
        }
        guard let member = asked.members.last(where: { $0.isNamed(nested, in: body.span) }) else {
            return [("freshet", nil)]
        }
        let name = NamedModel.text("models/" + production.providerModel)
        let request = try? JSONSplice.applying([("model", name)], to: body.span.extracting(member.valueRange))
        return request.map { [("freshet", nil), (nested, $0)] } ?? [("freshet", nil)]
    }

    private func respond(_ exchange: HTTPServerExchange, _ dialect: DialectName, _ body: [UInt8]) {
        let count = TokenEstimate.tokens(ofRequest: body, limits: gateway.configuration.limits.ofJSON)
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        fields.append(Self.estimated, "true")
        var document: [UInt8] = []
        document.appendJSON(raw: dialect == .gemini ? "{\"totalTokens\":" : "{\"input_tokens\":")
        document.appendJSON(integer: count)
        document.appendJSON(raw: "}")
        exchange.respond(status: 200, fields: fields, body: document)
    }
}
