import FreshetGeneration
import FreshetRelay
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
    ///   - then: Called on the generation's loop.
    /// - Throws: When there is no such generation of this caller: somebody else's is as unknown as one that never was.
    func reach(
        _ id: GenerationID, owner: String, _ exchange: HTTPServerExchange,
        then: @escaping @Sendable (HTTPServerExchange, LiveGeneration) -> Void
    ) throws(Caller.Refused) {
        guard let place = registry.place(of: id), place.owner == owner else { throw absence(of: id) }
        exchange.move(to: place.generation.loop) { exchange in then(exchange, place.generation.value) }
    }

    /// What a caller is told who named a generation that is not there.
    func absence(of id: GenerationID) -> Caller.Refused {
        switch Absence(of: id, at: WallClock.milliseconds(), retention: Self.retention) {
        case .gone: Caller.Refused("gone", "generation \(id) is too old to be kept")
        case .unknown: Caller.Refused("not_found", "there is no generation \(id), or it is no longer kept")
        }
    }
}
