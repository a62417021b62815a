import FreshetGeneration
import FreshetRelay
import FreshetRouter
import FreshetStores
import FreshetTransport
import Synchronization

/// Where each generation lives, and what may be made beside it. Shared by all loops; locked per request, never per token.
final class GenerationRegistry: Sendable {
    /// One generation's place.
    struct Place: Sendable {
        let owner: String
        let generation: LoopBound<LiveGeneration>
        let summary: Summary
        let isLogged: Bool
        /// Nil while it runs.
        var end: End?

        fileprivate init(_ generation: LiveGeneration) {
            owner = generation.owner
            self.generation = LoopBound(generation, on: generation.loop)
            summary = Summary(
                id: generation.id, model: generation.model, dialect: generation.dialect,
                parent: generation.origin?.parent)
            isLogged = generation.retention.isLogged
        }
    }

    /// What never changes about a generation.
    struct Summary: Sendable {
        let id: GenerationID
        let model: String
        let dialect: DialectName
        let parent: GenerationID?
    }

    /// How a generation ended.
    struct End: Sendable {
        let outcome: Outcome
        let sequence: UInt64
        /// Shares its memory with the generation.
        let log: GenerationLog
        /// Nil for one that is not logged.
        let origin: GenerationOrigin?
    }

    private struct State {
        var places: [GenerationID: Place] = [:]
        var keys = IdempotencyKeys()
        var children = RunningChildren()
        var kept: KeptGenerations
        var deleted = DeletedGenerations()
    }

    private let state: Locked<State>

    /// - Parameter keptBytes: What ended generations may take together.
    init(keptBytes: Int) { state = Locked(State(kept: KeptGenerations(limit: keptBytes))) }

    /// Makes one known that was found on disk.
    ///
    /// - Returns: false when it is known already, or was deleted since it was looked for.
    func add(_ generation: LiveGeneration) -> Bool {
        let place = Place(generation)
        let id = place.summary.id
        return state.withLock { state in
            guard state.places[id] == nil, !state.deleted.contains(id) else { return false }
            state.places[id] = place
            return true
        }
    }

    /// Its place; nil when it is unknown or forgotten.
    func place(of id: GenerationID) -> Place? { state.withLock { $0.places[id] } }

    func remove(_ id: GenerationID) {
        state.withLock { state in
            _ = state.places.removeValue(forKey: id)
            state.kept.forget(id)
        }
    }

    /// All places, in no order.
    var all: [Place] { state.withLock { $0.places }.map(\.value) }

    /// Whether one that is logged runs. Looks at all of them.
    var isLogging: Bool { state.withLock { $0.places.values.contains { $0.end == nil && $0.isLogged } } }

    /// How many there are.
    var count: Int { state.withLock { $0.places.count } }

    // MARK: Logged ones

    /// A key that an earlier process bound.
    func restore(_ key: CatalogueDatabase.BoundKey) {
        let scope = IdempotencyKeys.Scope(owner: key.owner, path: key.path, key: key.key)
        state.withLock { _ = $0.keys.claim(scope, digest: key.digest, for: key.generation, at: key.boundMilliseconds) }
    }

    /// What a request's key made; nil where it is the first one.
    ///
    /// - Throws: `mismatch`.
    func made(under scope: IdempotencyKeys.Scope, digest: [UInt8], at now: UInt64) throws(Conflict) -> GenerationID? {
        switch state.withLock({ $0.keys.answer(to: scope, digest: digest, at: now) }) {
        case nil, .new: return nil
        case .attach(let made): return made
        case .mismatch(let made): throw .mismatch(made)
        }
    }

    /// What the key made is no longer kept: the next request is a first one.
    func free(_ scope: IdempotencyKeys.Scope, of id: GenerationID) { state.withLock { $0.keys.free(scope, of: id) } }

    /// Why a generation may not be made.
    enum Conflict: Error {
        /// The key made this one; the same request reads it.
        case repeated(GenerationID)
        /// The key made this one, for another body.
        case mismatch(GenerationID)
        /// The parent has a child that is running.
        case running(GenerationID)
    }

    /// Makes a generation known, so that others find it: at the same moment as its key is bound.
    ///
    /// - Throws: Why it may not be made; then nothing has changed.
    func add(_ generation: LiveGeneration, _ keeping: Keeping, at now: UInt64) throws(Conflict) {
        let id = generation.id
        let place = Place(generation)
        let conflict = state.withLock { state -> Conflict? in
            let conflict = Self.claim(id, keeping, at: now, in: &state)
            if conflict == nil { state.places[id] = place }
            return conflict
        }
        if let conflict { throw conflict }
    }

    private static func claim(
        _ id: GenerationID, _ keeping: Keeping, at now: UInt64, in state: inout State
    ) -> Conflict? {
        if let scope = keeping.scope {
            switch state.keys.claim(scope, digest: keeping.digest, for: id, at: now) {
            case .new: break
            case .attach(let made): return .repeated(made)
            case .mismatch(let made): return .mismatch(made)
            }
        }
        guard let parent = keeping.parent, let running = state.children.begin(id, of: parent) else { return nil }
        if let scope = keeping.scope { state.keys.free(scope, of: id) }
        return .running(running)
    }

    /// Takes note of the end of one that is kept beyond it; the oldest go where all of them take too much.
    ///
    /// - Parameters:
    ///   - generation: On its loop.
    ///   - end: Its last event.
    ///   - freesKey: It failed before any content, so that the same request may be made again.
    func ended(_ generation: LiveGeneration, _ end: GenerationEnd, freesKey: Bool) {
        let (id, origin) = (generation.id, generation.origin)
        let bytes = generation.keptBytes
        let log = generation.live.log
        let givenUp = state.withLock { state -> [Place] in
            if let parent = origin?.parent { state.children.end(id, of: parent) }
            if freesKey, let scope = generation.scope { state.keys.free(scope, of: id) }
            guard state.places[id] != nil else { return [] }
            state.places[id]?.end = End(
                outcome: end.outcome, sequence: log.lastSequence, log: log, origin: origin)
            return state.kept.ended(id, bytes: bytes).compactMap { state.places[$0] }
        }
        for place in givenUp { place.generation.loop.execute { place.generation.value.makeRoom() } }
    }

    /// They are too old or too much to be kept on disk: then they are not kept in memory either.
    func expired(_ generations: [GenerationID]) {
        let gone = state.withLock { state in
            for id in generations { state.deleted.insert(id) }
            return generations.compactMap { state.places[$0] }
        }
        for place in gone { place.generation.loop.execute { place.generation.value.forget() } }
    }

    /// Somebody deleted it: it is not to come back from disk, and its key may be used again.
    ///
    /// - Parameters:
    ///   - id: Of the generation.
    ///   - scope: Of the key that made it.
    func deleted(_ id: GenerationID, _ scope: IdempotencyKeys.Scope?) {
        state.withLock { state in
            state.deleted.insert(id)
            if let scope { state.keys.free(scope, of: id) }
        }
    }
}
