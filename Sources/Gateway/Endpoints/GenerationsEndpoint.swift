import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetTransport

/// `POST /v1/generations`: the native dialect, as server-sent events or JSON lines.
struct GenerationsEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let request = try read(exchange.body)
            let production = try Production(exchange, model: request.model, gateway: gateway)
            let generation = production.generation(owner: owner, retention: .untilRead)
            let framing = Framing(accepting: exchange.head.fields)
            let encoder = NativeEncoder(generation: generation.id, framing: framing)
            let style = StreamReader.Style(
                unreadLimit: gateway.configuration.limits.unread, heartbeat: framing.heartbeat)
            StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
            let body = request.openAIChatBody(
                model: production.providerModel, asksUsage: production.asksUsage,
                namesCompletionTokens: production.isOpenAI)
            production.produce(generation, body: body, asksReasoning: request.options["reasoning"] != nil)
        } catch {
            ErrorAnswer(error.failure).send(on: exchange)
        }
    }

    private func read(_ body: [UInt8]) throws(Caller.Refused) -> GenerationRequest {
        do { return try GenerationRequest(body: body.span, limits: gateway.configuration.limits.ofJSON) } catch {
            throw Caller.Refused(error)
        }
    }
}
