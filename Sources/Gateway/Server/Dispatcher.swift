import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// Finds the endpoint for a request.
struct Dispatcher: Sendable {
    private let gateway: Gateway

    init(gateway: Gateway) { self.gateway = gateway }

    /// One path: the methods it knows, and what serves it.
    private struct Endpoint {
        var methods: [String]
        var serve: (HTTPServerExchange, _ owner: String) -> Void
    }

    func serve(_ exchange: HTTPServerExchange) {
        let head = exchange.head
        guard let endpoint = endpoint(head.path) else {
            return refuse(exchange, "not_found", "there is nothing at \(head.path.prefix(200))")
        }
        guard endpoint.methods.contains(head.method) else {
            var fields = HTTPFields()
            fields.append("allow", endpoint.methods.joined(separator: ", "))
            let allowed = endpoint.methods.joined(separator: " or ")
            let failure = GenerationFailure(
                code: "method_not_allowed", message: "\(head.path.prefix(200)) takes \(allowed)", isRetryable: false)
            return ErrorAnswer(failure).send(on: exchange, fields: fields)
        }
        do throws(Caller.Refused) {
            let isOpen = Self.openPaths.contains(head.path)
            if isOpen { try Caller.checkBrowser(head, gateway.configuration) }
            endpoint.serve(exchange, isOpen ? "" : try Caller.owner(of: head, gateway.configuration))
        } catch {
            ErrorAnswer(error.failure).send(on: exchange)
        }
    }

    /// What may be seen without a key.
    private static let openPaths: Set = ["/", "/healthz", "/readyz"]

    private func endpoint(_ path: String) -> Endpoint? {
        switch path {
        case "/v1/chat/completions":
            Endpoint(methods: ["POST"]) { ChatCompletionsEndpoint(gateway: gateway).serve($0, owner: $1) }
        case "/v1/generations":
            Endpoint(methods: ["POST"]) { GenerationsEndpoint(gateway: gateway).serve($0, owner: $1) }
        case "/api/chat":
            Endpoint(methods: ["GET"]) { EventSourceEndpoint(gateway: gateway).serve($0, owner: $1) }
        case "/v1/models":
            Endpoint(methods: ["GET", "HEAD"]) { exchange, _ in ModelsEndpoint(gateway: gateway).serve(exchange) }
        case "/healthz", "/readyz":
            Endpoint(methods: ["GET", "HEAD"]) { exchange, _ in Self.plain(exchange, "ok\n") }
        case "/":
            Endpoint(methods: ["GET", "HEAD"]) { exchange, _ in FrontPage.serve(exchange) }
        default: nil
        }
    }

    private func refuse(_ exchange: HTTPServerExchange, _ code: GenerationFailure.Code, _ message: String) {
        ErrorAnswer(GenerationFailure(code: code, message: message, isRetryable: false)).send(on: exchange)
    }

    private static func plain(_ exchange: HTTPServerExchange, _ text: String) {
        var fields = HTTPFields()
        fields.append("content-type", "text/plain; charset=utf-8")
        exchange.respond(status: 200, fields: fields, body: Array(text.utf8))
    }

    /// The body of an answer that the server gives by itself.
    static func refusal(_ status: Int, _ reason: String) -> [UInt8] {
        let code: GenerationFailure.Code =
            switch status {
            case 413: .tooLarge
            case 503: .overloaded
            default: .invalidRequest
            }
        return ErrorAnswer.body(GenerationFailure(code: code, message: reason, isRetryable: status == 503))
    }
}
