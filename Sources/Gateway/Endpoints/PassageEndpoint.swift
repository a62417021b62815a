import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRelay
import FreshetRouter
import FreshetTransport

/// `POST /v1/completions` and `POST /v1/embeddings`: passed on to the model's provider and back, byte for byte.
///
/// They make no generation: nothing is decoded, kept or resumed.
struct PassageEndpoint {
    let gateway: Gateway
    /// The provider's path behind its base URL.
    let path: String

    func serve(_ exchange: HTTPServerExchange) {
        do throws(Caller.Refused) {
            let given = exchange.body
            let asked = try NamedModel(in: given, limits: gateway.configuration.limits.ofJSON)
            let production = try Production(exchange, model: asked.model, gateway: gateway)
            guard production.dialect == .openAIChat else {
                let problem = "leads to a provider of another kind: \(exchange.head.path) is for `kind: openai` alone"
                throw Caller.Refused(RequestError("model", problem))
            }
            let body = JSONSplice.applying(
                [("model", NamedModel.text(production.providerModel)), ("freshet", nil)], to: given.span,
                members: asked.members)
            let passing = production.passage(to: production.target(of: path), body: body)
            Passage(exchange, passing, gateway.configuration.limits)
                .start(with: gateway.client(on: exchange.loop))
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }
}

/// The model that a body names, and where its members are.
struct NamedModel {
    /// nil when it names none.
    private(set) var model: String?
    let members: [JSONSplice.Member]

    /// - Throws: What the client is told: the body is no object, or its model no string.
    init(in body: [UInt8], limits: JSONLimits) throws(Caller.Refused) {
        do { members = try JSONSplice.members(of: body.span, limits: limits) } catch {
            throw Caller.Refused(RequestError(nil, "the body must be one JSON object: \(error)"))
        }
        for member in members where member.name.equals("model", in: body.span) {
            let value = try? JSONValue(parsing: body.span.extracting(member.valueRange))
            if value?.isNull == true { continue }
            guard let name = value?.stringValue else { throw Caller.Refused(RequestError("model", "must be a string")) }
            model = name
        }
    }

    /// A name as JSON.
    static func text(_ name: String) -> [UInt8] {
        var text: [UInt8] = []
        text.appendJSON(string: name)
        return text
    }
}

/// One request that is passed on, and its response on the way back.
final class Passage: HTTPClientDelegate {
    /// Of a refusal; what is longer is cut off.
    private static let refusalLimit = 256 << 10

    private let exchange: HTTPServerExchange
    private let passing: Production.Passing
    private let unread: Int
    private var upstream: HTTPClientExchange?
    private var timer: LoopTimer?
    private var refused: HTTPResponseHead?
    private var refusal: [UInt8] = []
    private var isStreaming = false
    private var isPaused = false
    /// When the whole of it is over, however much comes.
    private let until: MonotonicTime
    /// Keeps it alive until it has answered.
    private var itself: Passage?

    init(_ exchange: HTTPServerExchange, _ passing: Production.Passing, _ limits: Configuration.Limits) {
        (self.exchange, self.passing, unread) = (exchange, passing, limits.unread)
        until = exchange.loop.now() + passing.deadlines.total
    }

    func start(with client: HTTPClient) {
        itself = self
        exchange.onGone = { [unowned self] in self.release() }
        exchange.onWritable = { [unowned self] in self.resume() }
        // A whole answer has its head when it is whole: the model may take its time.
        let patience = max(passing.deadlines.head, passing.deadlines.contentReasoning)
        timer = exchange.loop.schedule(after: patience) { [unowned self] in
            self.fail(.providerTimeout, "the provider did not answer in time")
        }
        upstream = client.send(passing.request, to: self)
        exchange.releaseFields()
    }

    func connected() {}

    func requestTaken() { exchange.releaseBody() }

    func received(head: HTTPResponseHead) {
        guard (200..<300).contains(head.status) else {
            refused = head
            return
        }
        isStreaming = true
        exchange.startStream(status: head.status, fields: fields(of: head))
        keepWaiting()
    }

    func received(body: Span<UInt8>) {
        guard isStreaming else {
            let room = Self.refusalLimit - refusal.count
            let part = body.extracting(0..<min(room, body.count))
            return part.withUnsafeBufferPointer { refusal.append(contentsOf: $0) }
        }
        exchange.write { out in body.withUnsafeBufferPointer { out.append(contentsOf: $0) } }
        keepWaiting()
        guard !isPaused, exchange.pendingBytes > unread else { return }
        isPaused = true
        // Until the client reads on it is not the provider that is silent.
        timer?.rearm(at: until)
        upstream?.pauseReading()
    }

    private func keepWaiting() {
        timer?.rearm(at: min(exchange.loop.now() + passing.deadlines.silence, until))
    }

    private func resume() {
        guard isPaused else { return }
        isPaused = false
        keepWaiting()
        upstream?.resumeReading()
    }

    func ended() {
        guard let refused else {
            if isStreaming { exchange.endStream() }
            return release()
        }
        let status = refused.status
        if status < 400 {
            return fail(.providerError, "the provider answered with status \(status), which is not followed")
        }
        if passing.hasConfiguredKey, status == 401 || status == 403 {
            return fail(
                .providerAuth, "the provider refused the gateway's own key with status \(status)", isRetryable: false)
        }
        exchange.record?.error = GenerationFailure.Code.providerError.name
        exchange.respond(
            status: status, fields: fields(of: refused),
            body: SecretMask.masking(passing.secret, in: refusal))
        release()
    }

    func failed(_ error: TransportError) {
        let cause = SecretMask.masking(passing.secret, in: error.cause)
        guard error.code != .malformed else {
            return fail(.providerMalformed, "the provider's response is broken: \(cause)")
        }
        fail(isStreaming ? .providerTruncated : .providerUnreachable, "the provider cannot be reached (\(cause))")
    }

    private func fields(of head: HTTPResponseHead) -> HTTPFields {
        var fields = RelayedFields.downwards(head.fields)
        for name in ["content-type", "content-encoding"] {
            if let value = head.fields[name] { fields.append(name, value) }
        }
        return SecretMask.masking(passing.secret, in: fields)
    }

    /// A response that has begun can only be cut, so that its reader does not take a part for the whole.
    private func fail(_ code: GenerationFailure.Code, _ message: String, isRetryable: Bool = true) {
        if isStreaming {
            exchange.record?.error = code.name
            exchange.abortStream()
        } else {
            ErrorAnswer(GenerationFailure(code: code, message: message, isRetryable: isRetryable)).send(on: exchange)
        }
        release()
    }

    private func release() {
        exchange.onGone = nil
        exchange.onWritable = nil
        timer?.cancel()
        upstream?.cancel()
        (timer, upstream) = (nil, nil)
        itself = nil
    }
}
