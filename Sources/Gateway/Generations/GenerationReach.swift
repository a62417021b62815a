import FreshetGeneration
import FreshetHTTPWire
import FreshetRelay
import FreshetStores
import FreshetTransport

extension Gateway {
    /// How long anything is kept at most, in ms: a day.
    private static let retention: UInt64 = 24 * 3600 * 1000

    /// Finds a generation and hands the exchange over to its loop.
    ///
    /// - Parameters:
    ///   - id: What the caller named.
    ///   - owner: Of the caller's key.
    ///   - exchange: Not to be touched any more when this returns.
    ///   - unreadable: Called on the exchange's loop in place of an answer where what is kept of it is damaged.
    ///   - absent: Called on the exchange's loop in place of an answer where there is no such generation of this caller.
    ///   - then: Called on the generation's loop.
    /// - Throws: When there is no such generation of this caller: somebody else's is as unknown as one that never was.
    func reach(
        _ id: GenerationID, owner: String, _ exchange: HTTPServerExchange,
        unreadable: (@Sendable (HTTPServerExchange) -> Void)? = nil,
        absent: (@Sendable (HTTPServerExchange) throws(Caller.Refused) -> Void)? = nil,
        then: @escaping @Sendable (HTTPServerExchange, LiveGeneration) -> Void
    ) throws(Caller.Refused) {
        if let place = registry.place(of: id) {
            guard place.owner == owner else { return try miss(id, exchange, absent) }
            return exchange.move(to: place.generation.loop) { exchange in then(exchange, place.generation.value) }
        }
        guard let archive else { return try miss(id, exchange, absent) }
        let carrier = LoopBound(exchange, on: exchange.loop)
        archive.find(id, owner: owner) { [self] result in
            carrier.loop.execute {
                self.take(
                    result, id, owner: owner, carrier.value, unreadable: unreadable, absent: absent, then: then)
            }
        }
    }

    /// The archive has answered, on the exchange's loop.
    private func take(
        _ result: Result<Archive.Found?, StoreFailure>, _ id: GenerationID, owner: String,
        _ exchange: HTTPServerExchange, unreadable: (@Sendable (HTTPServerExchange) -> Void)?,
        absent: (@Sendable (HTTPServerExchange) throws(Caller.Refused) -> Void)?,
        then: @escaping @Sendable (HTTPServerExchange, LiveGeneration) -> Void
    ) {
        func again() throws(Caller.Refused) {
            try reach(id, owner: owner, exchange, unreadable: unreadable, absent: absent, then: then)
        }
        do throws(Caller.Refused) {
            let isRead = exchange.head.method == "GET"
            // Nobody is there to read it any more; what else was asked for is done all the same.
            if isRead, exchange.isGone { return }
            // Somebody else may have asked for it meanwhile.
            if registry.place(of: id) != nil { return try again() }
            let found: Archive.Found?
            switch result {
            case .success(let read): found = read
            case .failure(let failure) where failure.kind == .damaged:
                if let unreadable { return unreadable(exchange) }
                throw Caller.Refused(
                    .overloaded, "what is kept of it is damaged: what can be read is known at the next start",
                    isRetryable: false)
            case .failure: throw Caller.Refused(.overloaded, "what is kept cannot be read just now", isRetryable: true)
            }
            guard let found else { return try miss(id, exchange, absent) }
            let loop = exchange.loop
            let generation = LiveGeneration(
                found, loop: loop, observation: observation(on: loop), registry: registry, keeper: keeper(on: loop))
            guard generation.settle() else { return try again() }
            then(exchange, generation)
        } catch {
            ErrorAnswer.send(error, on: exchange)
        }
    }

    private func miss(
        _ id: GenerationID, _ exchange: HTTPServerExchange,
        _ absent: (@Sendable (HTTPServerExchange) throws(Caller.Refused) -> Void)?
    ) throws(Caller.Refused) {
        guard let absent else { throw absence(of: id) }
        try absent(exchange)
    }

    /// What a caller is told who named a generation that is not there.
    func absence(of id: GenerationID) -> Caller.Refused {
        switch Absence(of: id, at: WallClock.milliseconds(), retention: Self.retention) {
        case .gone: Caller.Refused("gone", "generation \(id) is too old to be kept")
        case .unknown: Caller.Refused("not_found", "there is no generation \(id), or it is no longer kept")
        }
    }
}
