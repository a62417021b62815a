import FreshetGeneration
import FreshetStores
import FreshetTransport

/// Puts a conversation together for one request: from its parent back to its beginning, in memory and on disk alike.
///
/// The conversation is whole or refused: an answer to half a question is worse than none. Confined to the exchange's loop.
final class ConversationSearch {
    /// What is looked through in one turn of the loop, so that others do not wait long.
    private static let bytesAtOnce = 1 << 20

    private let gateway: Gateway
    private let exchange: HTTPServerExchange
    private let owner: String
    private let parent: GenerationID
    private let then: (HTTPServerExchange, Conversation) throws(Caller.Refused) -> Void
    private var conversation = Conversation()
    private var timer: LoopTimer?

    /// - Parameters:
    ///   - gateway: Knows what is kept.
    ///   - exchange: Of the request.
    ///   - parent: What the request goes on from.
    ///   - owner: Of the caller's key.
    ///   - then: Called on the exchange's loop; not at all when the client has gone.
    init(
        _ gateway: Gateway, _ exchange: HTTPServerExchange, upTo parent: GenerationID, owner: String,
        then: @escaping (HTTPServerExchange, Conversation) throws(Caller.Refused) -> Void
    ) {
        (self.gateway, self.exchange, self.parent, self.owner) = (gateway, exchange, parent, owner)
        self.then = then
    }

    /// Begins.
    func start() { proceed(to: parent) }

    private func proceed(to id: GenerationID?) {
        do throws(Caller.Refused) { try follow(id) } catch { ErrorAnswer.send(error, on: exchange) }
    }

    /// As far as memory has it, then on disk.
    private func follow(_ first: GenerationID?) throws(Caller.Refused) {
        var (next, bytes) = (first, 0)
        while let id = next {
            guard let place = gateway.registry.place(of: id) else { return try ask(for: id) }
            guard bytes < Self.bytesAtOnce else { return rest(before: id) }
            let (origin, log) = try ended(place)
            bytes += origin.request.count + log.accountedBytes
            let limits = gateway.configuration.limits.ofJSON
            try add(ConversationTurn(id, model: place.summary.model, origin, log, limits))
            next = origin.parent
        }
        try then(exchange, conversation)
    }

    private func rest(before id: GenerationID) {
        timer = exchange.loop.schedule(after: .zero) { [self] in
            timer?.cancel()
            if !exchange.isGone { proceed(to: id) }
        }
    }

    private func ended(_ place: GenerationRegistry.Place) throws(Caller.Refused) -> (GenerationOrigin, GenerationLog) {
        let id = place.summary.id
        guard place.owner == owner else { throw missing(id) }
        guard place.isLogged else {
            throw .init("conflict", "generation \(id) is not logged, so nothing can go on from it", generation: id)
        }
        guard let end = place.end, let origin = end.origin else {
            throw .init("conflict", "generation \(id) is still running: stop it, or wait", generation: id)
        }
        return (origin, end.log)
    }

    private func add(_ turn: ConversationTurn) throws(Caller.Refused) {
        guard turn.isSayable else {
            throw Caller.Refused(
                RequestError("parent", "goes back to \(turn.id), whose request native messages cannot repeat"))
        }
        conversation.prepend(turn)
        guard conversation.count < Conversation.limit else {
            throw Caller.Refused(RequestError("parent", "stands at the end of more than 1000 turns"))
        }
        guard conversation.bytes <= gateway.configuration.limits.body else { throw .conversationTooLong }
        guard exchange.claim(bytes: turn.bytes) else {
            throw Caller.Refused(.overloaded, "too many request bodies are held", isRetryable: true)
        }
    }

    // MARK: On disk

    private func ask(for id: GenerationID) throws(Caller.Refused) {
        guard let archive = gateway.archive else { throw missing(id) }
        let carrier = LoopBound(self, on: exchange.loop)
        archive.turns(from: id, owner: owner, gateway.configuration.limits.ofJSON) { result in
            carrier.loop.execute { carrier.value.take(result, from: id) }
        }
    }

    private func take(_ result: Result<[ConversationTurn], StoreFailure>, from id: GenerationID) {
        guard !exchange.isGone else { return }
        do throws(Caller.Refused) {
            let turns: [ConversationTurn]
            switch result {
            case .success(let read): turns = read
            case .failure(let failure):
                var refused = Caller.Refused(
                    .overloaded, "the conversation of `parent` cannot be read just now",
                    isRetryable: failure.kind != .damaged)
                refused.failure.parameter = "parent"
                throw refused
            }
            guard let last = turns.last else { throw missing(id) }
            for turn in turns { try add(turn) }
            try follow(last.parent)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    /// A parent that is not there may be anybody's; one before it was the caller's, and is gone.
    private func missing(_ id: GenerationID) -> Caller.Refused {
        var refused = gateway.absence(of: id)
        if id == parent {
            refused.failure.message = "`parent`: \(refused.failure.message)"
        } else {
            refused = Caller.Refused(
                "gone", "the conversation of `parent` is not whole: \(id) was deleted or is no longer kept",
                generation: id)
        }
        refused.failure.parameter = "parent"
        return refused
    }
}

extension Caller.Refused {
    static var conversationTooLong: Caller.Refused {
        Caller.Refused(.tooLarge, "the conversation has become longer than a request may be")
    }
}
