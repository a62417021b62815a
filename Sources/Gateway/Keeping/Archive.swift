import FreshetGeneration
import FreshetRouter
import FreshetStores
import FreshetTransport
import Glibc
import Synchronization

/// What is kept on disk: the data directory, and the catalogue of all generations that were logged. Shared by all loops.
final class Archive: Sendable {
    /// How often what is too old is looked for.
    static let expiryTime = Duration.seconds(60)

    let directory: DataDirectory
    private let catalogue: Catalogue
    private let keptMilliseconds: UInt64
    private let keptBytes: Int
    private let failures = Locked<[ObjectIdentifier: StoreFailure]>([:])

    /// Takes the directory; what was running when an earlier process ended is ended as `interrupted`.
    ///
    /// - Parameters:
    ///   - path: Of the data directory.
    ///   - limits: How long and how much is kept.
    ///   - registry: Learns of the idempotency keys that are still bound.
    /// - Throws: When the directory cannot be used.
    init(_ path: String, _ limits: Configuration.Limits, _ registry: GenerationRegistry) throws {
        // A limit on file sizes is to fail the write, and not to end the process.
        signal(SIGXFSZ, SIG_IGN)
        let now = WallClock.milliseconds()
        let opening = try Opening(path, now: now) { GenerationDocument.message(of: $0.log.fold()) }
        for restored in opening.unfinished {
            let log = Self.interrupted(restored)
            try opening.finish(restored, with: log, now: now, message: GenerationDocument.message(of: log.fold()))
        }
        for key in try opening.database.keys(now: now) { registry.restore(key) }
        directory = opening.directory
        catalogue = try Catalogue(opening.database)
        keptMilliseconds = UInt64(clamping: limits.retentionTime.components.seconds) * 1000
        keptBytes = limits.retention
    }

    private static func interrupted(_ restored: RestoredLog) -> GenerationLog {
        var log = restored.log
        let fold = log.fold()
        var end = GenerationEnd(
            outcome: .interrupted, usage: fold.usage,
            failure: GenerationFailure(
                code: "interrupted", message: "the gateway ended while the answer was running", isRetryable: true))
        end.checksums = fold.blocks.map(\.checksum)
        log.append(.generationEnd(end))
        return log
    }

    // MARK: One generation

    /// Takes note of one that begins.
    func note(_ generation: LiveGeneration, _ origin: GenerationOrigin) {
        let entry = CatalogueEntry(generation, origin)
        let now = WallClock.milliseconds()
        perform { _ = try $0.create(entry, idempotency: origin.idempotency, now: now) }
    }

    /// Writes one that has ended, its log included.
    ///
    /// - Parameters:
    ///   - generation: On its loop.
    ///   - origin: Its beginning.
    ///   - then: Called on another thread with whether it is written.
    func file(_ generation: LiveGeneration, _ origin: GenerationOrigin, then: @escaping @Sendable (Bool) -> Void) {
        guard let end = generation.end else { return then(false) }
        let log = generation.live.log
        var entry = CatalogueEntry(generation, origin)
        entry.end = .init(
            outcome: end.outcome, milliseconds: WallClock.milliseconds(), lastSequence: log.lastSequence)
        let (id, freesKey) = (generation.id, generation.freesKey)
        catalogue.perform(bytes: log.accountedBytes) { [entry] database in
            var entry = entry
            entry.end?.message = GenerationDocument.message(of: log.fold())
            try database.finish(entry, log: log, origin: origin)
            if freesKey { try database.freeKey(of: id) } else { try database.bindKey(of: id) }
        } then: { result in
            if case .success = result { then(true) } else { then(false) }
        }
    }

    /// Forgets one.
    func delete(_ id: GenerationID) {
        let now = WallClock.milliseconds()
        perform { try $0.delete(id, now: now) }
    }

    func remove(_ paths: [String]) { perform { try $0.remove(paths) } }

    /// One that has ended, as it was.
    struct Found: Sendable {
        let entry: CatalogueEntry
        let log: RestoredLog
        /// The conversation before its own request.
        let earlier: ConversationTurn?
    }

    /// Looks for one that has ended.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - owner: Nobody else's is found.
    ///   - then: Called on another thread; nil when it is not there.
    func find(
        _ id: GenerationID, owner: String, then: @escaping @Sendable (Result<Found?, StoreFailure>) -> Void
    ) {
        catalogue.perform { database -> Found? in
            guard let entry = try database.generation(id), entry.owner == owner, entry.end != nil,
                let log = try database.log(of: id)
            else { return nil }
            return Found(entry: entry, log: log, earlier: try Self.conversation(before: entry, in: database))
        } then: {
            then($0)
        }
    }

    /// Lists an owner's generations, the newest first.
    ///
    /// - Parameters:
    ///   - owner: Nobody else's.
    ///   - state: `running`, `ended` or an outcome; nil for any.
    ///   - before: The last one of the page before.
    ///   - limit: How many at most.
    ///   - then: Called on another thread.
    func list(
        owner: String, state: String?, before: GenerationID?, limit: Int,
        then: @escaping @Sendable (Result<[CatalogueEntry], StoreFailure>) -> Void
    ) {
        let listed: CatalogueDatabase.ListedState? = state.map { $0 == "running" ? .running : .ended }
        let outcome = state.flatMap(Outcome.init(rawValue:))
        catalogue.perform { database -> [CatalogueEntry] in
            var (found, last): ([CatalogueEntry], GenerationID?) = ([], before)
            while found.count < limit {
                let page = try database.list(owner: owner, state: listed, before: last, limit: max(limit, 100))
                found += page.filter { outcome == nil || $0.end?.outcome == outcome }
                guard page.count == max(limit, 100) else { break }
                last = page.last?.id
            }
            return Array(found.prefix(limit))
        } then: {
            then($0)
        }
    }

    private static func conversation(
        before entry: CatalogueEntry, in database: CatalogueDatabase
    ) throws(StoreFailure) -> ConversationTurn? {
        var (ancestors, parent): ([(CatalogueEntry, RestoredLog)], GenerationID?) = ([], entry.parent)
        while let id = parent, ancestors.count < ConversationTurn.limit / 2 {
            guard let entry = try database.generation(id), let log = try database.log(of: id) else { break }
            ancestors.append((entry, log))
            parent = entry.parent
        }
        var turn: ConversationTurn?
        for (entry, restored) in ancestors.reversed() {
            guard let origin = restored.origin else { continue }
            turn = ConversationTurn(asking: origin, model: entry.model, after: turn)
            turn = ConversationTurn(restored.log.fold().messages, model: entry.model, after: turn)
        }
        return turn
    }

    // MARK: All of it

    /// How often that is looked for.
    var expiryInterval: Duration { .milliseconds(min(max(keptMilliseconds / 4, 100), 60_000)) }

    /// Gives up what is too old or too much.
    func expire() {
        let now = WallClock.milliseconds()
        let before = now > keptMilliseconds ? now - keptMilliseconds : 0
        let bytes = keptBytes
        perform { database in
            while !(try database.expire(endedBefore: before, bytes: bytes, now: now)).isEmpty {}
        }
    }

    /// A loop's segments fail, or are well again.
    func failed(_ failure: StoreFailure?, onLoop loop: EventLoop) {
        failures.withLock { $0[ObjectIdentifier(loop)] = failure }
    }

    /// Why something is not kept just now; nil while all is well.
    var failure: StoreFailure? { failures.withLock { $0.values.first } }

    /// Leaves the directory in order; called last, on no loop.
    func close() {
        try? catalogue.close()
        try? directory.leave()
    }

    private func perform<Result: Sendable>(_ work: @escaping @Sendable (CatalogueDatabase) throws -> Result) {
        catalogue.perform(work) { _ in }
    }
}

extension CatalogueEntry {
    /// Of one that runs.
    fileprivate init(_ generation: LiveGeneration, _ origin: GenerationOrigin) {
        self.init(
            id: generation.id, owner: origin.owner, parent: origin.parent, model: generation.model,
            dialect: origin.dialect, createdMilliseconds: generation.id.milliseconds)
    }
}
