import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// Serves a request that did not ask for a stream: folds the generation and answers with the whole of it.
final class CompletionReader: GenerationReader {
    private let exchange: HTTPServerExchange
    private let generation: LiveGeneration
    private var completion: any CompletionFold
    private var cursor = LogCursor()
    private var isDone = false

    /// - Parameters:
    ///   - exchange: Answered by this reader alone; on the generation's loop already.
    ///   - generation: Holds the reader from `start` until it is done.
    ///   - completion: Of the client's dialect.
    init(_ exchange: HTTPServerExchange, of generation: LiveGeneration, as completion: any CompletionFold) {
        (self.exchange, self.generation, self.completion) = (exchange, generation, completion)
    }

    /// Begins to serve; from now on the generation holds it.
    func start() {
        exchange.body = []
        // The client may have gone while the generation was looked for.
        guard !exchange.isGone else { return generation.detach(self) }
        exchange.onGone = { [unowned self] in self.done() }
        generation.attach(self)
    }

    func wake() {
        guard !isDone else { return }
        while generation.live.log.read(&cursor, { completion.apply($0, $1) }) {}
        if generation.isReadOnce { generation.live.log.forget(through: cursor.next - 1) }
        if let end = completion.end { answer(end) }
    }

    private func answer(_ end: GenerationEnd) {
        if let failure = end.failure ?? completion.failure {
            ErrorAnswer(failure, of: generation)
                .send(on: exchange, generation: generation.id, fields: generation.relayedFields)
        } else {
            var fields = generation.relayedFields
            fields.append("content-type", "application/json")
            fields.append(generation.id, for: exchange)
            exchange.respond(status: 200, fields: fields, body: completion.body())
        }
        done()
    }

    func cut() {
        guard !isDone else { return }
        let failure = GenerationFailure(
            code: .shuttingDown, message: "the gateway is shutting down", isRetryable: true)
        ErrorAnswer(failure).send(on: exchange, generation: generation.id)
        done()
    }

    private func done() {
        guard !isDone else { return }
        isDone = true
        exchange.record?.events = cursor.next - 1
        exchange.onGone = nil
        generation.detach(self)
    }
}
