import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// `POST /v1/chat/completions`: Chat Completions in, streamed or whole.
struct ChatCompletionsEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange, owner: String) {
        do throws(Caller.Refused) {
            let request = try read(exchange.body)
            let production = try Production(exchange, model: request.model, gateway: gateway)
            let generation = production.generation(owner: owner, retention: .untilRead)
            let body = request.body(model: production.providerModel, asksUsage: production.asksUsage)
            if request.isStream {
                let framing = Framing(accepting: exchange.head.fields)
                let encoder = OpenAIChatEncoder(framing: framing, includesUsage: request.includesUsage)
                let style = StreamReader.Style(
                    unreadLimit: gateway.configuration.limits.unread, heartbeat: framing.heartbeat)
                StreamReader(exchange, of: generation, encoder: encoder, style: style).start()
            } else {
                CompletionReader(exchange, of: generation).start()
            }
            production.produce(
                generation, body: body, choices: request.choices, asksReasoning: request.asksReasoning)
        } catch {
            ErrorAnswer(error.failure).send(on: exchange)
        }
    }

    private func read(_ body: [UInt8]) throws(Caller.Refused) -> OpenAIChatRequest {
        do { return try OpenAIChatRequest(body: body, limits: gateway.configuration.limits.ofJSON) } catch {
            throw Caller.Refused(error)
        }
    }
}
