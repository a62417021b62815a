import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetTransport

/// Finds the endpoint for a request.
struct Dispatcher: Sendable {
    private let gateway: Gateway

    init(gateway: Gateway) { self.gateway = gateway }

    /// One path: the methods it knows, and what serves it.
    private struct Endpoint {
        /// The path with what varies in braces.
        var name: String
        var methods: [String]
        /// How answers of models are written there; nil where there are none.
        var dialect: DialectName?
        /// Whether all vendors' clients ask there: then the asker's dialect is that of the answer.
        var isSharedByVendors = false
        var serve: (HTTPServerExchange, _ owner: String) -> Void
    }

    /// What a head leads to.
    private enum Course {
        case endpoint(Endpoint, owner: String)
        case answer(HTTPServerAnswer, error: String = "")
    }

    func serve(_ exchange: HTTPServerExchange) {
        let path = exchange.head.path
        switch course(exchange.head) {
        case .endpoint(let endpoint, let owner):
            exchange.attachment = RequestRecord(owner: owner, endpoint: endpoint.name, dialect: endpoint.dialect)
            endpoint.serve(exchange, owner)
        case .answer(let answer, let error):
            let known = endpoint(path, asking: exchange.head.method)?.name ?? RequestRecord.otherEndpoint
            let record = RequestRecord(owner: "", endpoint: known, dialect: nil)
            record.error = error
            exchange.attachment = record
            exchange.respond(answer)
        }
    }

    /// What a request is answered by its head alone; nil when it needs to be read.
    func refusal(of head: HTTPRequestHead) -> HTTPServerAnswer? {
        switch course(head) {
        case .endpoint: nil
        case .answer(let answer, _): answer
        }
    }

    private func course(_ head: HTTPRequestHead) -> Course {
        if head.method == "OPTIONS", let methods = methods(at: head.path) {
            return .answer(HTTPServerAnswer(status: 204, fields: Self.allow(methods)))
        }
        guard var endpoint = endpoint(head.path, asking: head.method) else {
            let message = "there is nothing at \(head.path.prefix(200))"
            return Self.refusal("not_found", message + (LostPath.advice(head.path) ?? ""), to: head)
        }
        if endpoint.isSharedByVendors { endpoint.dialect = Self.dialect(of: head.fields) }
        guard endpoint.methods.contains(head.method) else {
            let message = "\(head.path.prefix(200)) takes \(endpoint.methods.joined(separator: " or "))"
            return Self.refusal("method_not_allowed", message, to: head, fields: Self.allow(endpoint.methods))
        }
        do throws(Caller.Refused) {
            let isOpen =
                Self.openPaths.contains(head.path)
                || (head.path == "/metrics" && gateway.configuration.metricsAccess == .open)
            if isOpen { try Caller.checkBrowser(head, gateway.configuration) }
            return .endpoint(endpoint, owner: isOpen ? "" : try Caller.owner(of: head, gateway.configuration))
        } catch {
            return .answer(
                ErrorAnswer(error.failure).answer(in: endpoint.dialect), error: error.failure.code.name)
        }
    }

    /// What a path takes beside OPTIONS; the asterisk stands for all paths together. nil where there is nothing.
    private func methods(at path: String) -> [String]? {
        path == "*" ? ["DELETE", "GET", "HEAD", "POST"] : endpoint(path)?.methods
    }

    private static func allow(_ methods: [String]) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("allow", (methods + ["OPTIONS"]).joined(separator: ", "))
        return fields
    }

    private static func refusal(
        _ code: GenerationFailure.Code, _ message: String, to head: HTTPRequestHead, fields: HTTPFields = HTTPFields()
    ) -> Course {
        let failure = GenerationFailure(code: code, message: message, isRetryable: false)
        let dialect = dialect(of: head.fields) ?? dialect(at: head.path)
        return .answer(ErrorAnswer(failure).answer(in: dialect, fields), error: code.name)
    }

    /// How errors are written where a path leads nowhere: as its family's dialect has it.
    private static func dialect(at path: String) -> DialectName {
        if isGemini(path) { return .gemini }
        return path == "/v1/messages" || path.hasPrefix("/v1/messages/") ? .anthropic : .openAIChat
    }

    /// Whose client asks: Anthropic's always say their version, and Google's what they are; nil for any other.
    private static func dialect(of fields: HTTPFields) -> DialectName? {
        if fields["x-goog-api-client"] != nil { return .gemini }
        return fields["anthropic-version"] == nil ? nil : .anthropic
    }

    /// Whether a path is one of Gemini's: its clients ask at `/v1beta`, newer ones at `/v1`, too.
    static func isGemini(_ path: String) -> Bool {
        path == "/v1beta" || path.hasPrefix("/v1beta/") || path.hasPrefix("/v1/models/")
    }

    /// What may be seen without a key.
    private static let openPaths: Set = ["/", "/healthz", "/readyz"]

    private func endpoint(_ path: String, asking method: String = "") -> Endpoint? {
        switch path {
        case "/v1/chat/completions":
            answers(path, in: .openAIChat) { body, limits throws(RequestError) in
                try OpenAIChatRequest(body: body, limits: limits)
            }
        case "/v1/messages":
            answers(path, in: .anthropic) { body, limits throws(RequestError) in
                try AnthropicRequest(body: body, limits: limits)
            }
        case "/v1/messages/count_tokens":
            Endpoint(name: path, methods: ["POST"], dialect: .anthropic) { exchange, _ in
                CountEndpoint(gateway: gateway, model: nil).serve(exchange)
            }
        case "/v1beta/models":
            Endpoint(name: path, methods: ["GET", "HEAD"], dialect: .gemini) { exchange, _ in
                ModelsEndpoint(gateway: gateway).serve(exchange)
            }
        case "/v1/generations":
            Endpoint(name: path, methods: ["GET", "POST"], dialect: .native) {
                if $0.head.method == "POST" {
                    GenerationsEndpoint(gateway: gateway).serve($0, owner: $1)
                } else {
                    GenerationListEndpoint(gateway: gateway).serve($0, owner: $1)
                }
            }
        case "/api/chat":
            Endpoint(name: path, methods: ["GET"], dialect: .simple) {
                EventSourceEndpoint(gateway: gateway).serve($0, owner: $1)
            }
        case "/v1/completions", "/v1/embeddings":
            Endpoint(name: path, methods: ["POST"]) { exchange, _ in
                PassageEndpoint(gateway: gateway, path: String(path.dropFirst("/v1".count))).serve(exchange)
            }
        case "/v1/routes":
            Endpoint(name: path, methods: ["GET", "HEAD"]) { exchange, _ in
                RoutesEndpoint(gateway: gateway).serve(exchange)
            }
        case "/v1/models":
            Endpoint(name: path, methods: ["GET", "HEAD"], isSharedByVendors: true) { exchange, _ in
                ModelsEndpoint(gateway: gateway).serve(exchange)
            }
        case "/healthz":
            Endpoint(name: path, methods: ["GET", "HEAD"]) { exchange, _ in Self.plain(exchange, 200, "ok\n") }
        case "/readyz":
            Endpoint(name: path, methods: ["GET", "HEAD"]) { exchange, _ in
                if gateway.stage == .serving {
                    let failure = gateway.archive?.failure
                    return Self.plain(exchange, 200, failure.map { "degraded: \($0)\n" } ?? "ok\n")
                }
                Self.plain(exchange, 503, "shutting down\n")
            }
        case "/metrics":
            Endpoint(name: path, methods: ["GET", "HEAD"]) { exchange, _ in
                MetricsEndpoint(gateway: gateway).serve(exchange)
            }
        case "/":
            Endpoint(name: path, methods: ["GET", "HEAD"]) { exchange, _ in FrontPage.serve(exchange) }
        default: generationEndpoint(path) ?? geminiEndpoint(path) ?? modelEndpoint(path, asking: method)
        }
    }

    /// `/v1/models/{model}` and `/v1beta/models/{model}`. What stands behind a colon may be a method of Gemini's that there
    /// is not, unless it is asked for as a model.
    private func modelEndpoint(_ path: String, asking method: String) -> Endpoint? {
        let roots = ["/v1beta/models/", "/v1/models/"]
        guard let root = roots.first(where: { path.hasPrefix($0) }),
            let parts = try? HTTPPath(parsing: String(path.dropFirst(root.count)))
        else { return nil }
        let model = parts.segments.joined(separator: "/")
        guard !model.isEmpty, ["GET", "HEAD"].contains(method) || !model.contains(":") else { return nil }
        let isGemini = root == roots[0]
        return Endpoint(
            name: root + "{model}", methods: ["GET", "HEAD"], dialect: isGemini ? .gemini : nil,
            isSharedByVendors: !isGemini
        ) { exchange, _ in ModelsEndpoint(gateway: gateway).serve(model, exchange) }
    }

    /// A path at which a model's answers are asked for.
    ///
    /// - Parameters:
    ///   - name: The path with what varies in braces.
    ///   - dialect: The client's.
    ///   - read: Reads a body; its JSON keeps to the limits.
    /// - Returns: What serves it.
    private func answers(
        _ name: String, in dialect: DialectName,
        read: @escaping (_ body: [UInt8], JSONLimits) throws(RequestError) -> any ClientRequest
    ) -> Endpoint {
        Endpoint(name: name, methods: ["POST"], dialect: dialect) {
            let limits = gateway.configuration.limits.ofJSON
            AnswerEndpoint(gateway: gateway, dialect: dialect).serve($0, owner: $1) { exchange throws(RequestError) in
                try read(exchange.body, limits)
            }
        }
    }

    /// `/v1beta/models/{model}:{method}` and the same at `/v1`. The model's name may hold slashes, as they are or as `%2F`,
    /// and colons.
    private func geminiEndpoint(_ path: String) -> Endpoint? {
        guard let root = ["/v1beta/models/", "/v1/models/"].first(where: { path.hasPrefix($0) }),
            let parts = try? HTTPPath(parsing: String(path.dropFirst(root.count)))
        else { return nil }
        let named = parts.segments.joined(separator: "/")
        guard let colon = named.lastIndex(of: ":"), colon != named.startIndex else { return nil }
        let (model, method) = (String(named[..<colon]), String(named[named.index(after: colon)...]))
        let name = root + "{model}:" + method
        switch method {
        case "generateContent", "streamGenerateContent":
            return answers(name, in: .gemini) { body, limits throws(RequestError) in
                try GeminiRequest(
                    body: body, model: model, isStream: method == "streamGenerateContent", limits: limits)
            }
        case "countTokens":
            return Endpoint(name: name, methods: ["POST"], dialect: .gemini) { exchange, _ in
                CountEndpoint(gateway: gateway, model: model).serve(exchange)
            }
        default: return nil
        }
    }

    /// `/v1/generations/{id}` and what stands below it.
    private func generationEndpoint(_ path: String) -> Endpoint? {
        let root = "/v1/generations/"
        guard path.hasPrefix(root) else { return nil }
        let parts = path.dropFirst(root.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let id = parts.first, !id.isEmpty else { return nil }
        let one = OneGenerationEndpoint(gateway: gateway, id: id)
        switch parts.dropFirst().joined(separator: "/") {
        case "" where parts.count == 1:
            return Endpoint(name: root + "{id}", methods: ["GET", "DELETE"], dialect: .native) {
                if $0.head.method == "DELETE" { one.delete($0, owner: $1) } else { one.read($0, owner: $1) }
            }
        case "events":
            return Endpoint(name: root + "{id}/events", methods: ["GET"], dialect: .native) {
                one.attach($0, owner: $1)
            }
        case "stop":
            return Endpoint(name: root + "{id}/stop", methods: ["POST"], dialect: .native) { one.stop($0, owner: $1) }
        default: return nil
        }
    }

    private static func plain(_ exchange: HTTPServerExchange, _ status: Int, _ text: String) {
        var fields = HTTPFields()
        fields.append("content-type", "text/plain; charset=utf-8")
        exchange.respond(status: status, fields: fields, body: Array(text.utf8))
    }

    /// The body of an answer that the server gives by itself.
    ///
    /// - Parameters:
    ///   - status: HTTP.
    ///   - reason: For people.
    ///   - path: Empty when the head could not be read.
    /// - Returns: JSON, in the dialect of the path.
    static func refusal(_ status: Int, _ reason: String, at path: String) -> [UInt8] {
        let code: GenerationFailure.Code =
            switch status {
            case 413: .tooLarge
            case 503: .overloaded
            default: .invalidRequest
            }
        let failure = GenerationFailure(code: code, message: reason, isRetryable: status == 503)
        return dialect(at: path).errorBody(failure)
    }
}
