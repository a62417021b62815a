import FreshetGeneration
import FreshetPartialJSON
import FreshetRelay
import FreshetRouter
import FreshetStores
import FreshetTransport
import Glibc
import Synchronization

/// What is kept on disk: the data directory, and the catalogue of all generations that were logged. Shared by all loops.
final class Archive: Sendable {
    let directory: DataDirectory
    private let catalogue: Catalogue
    private let keptMilliseconds: UInt64
    private let keptBytes: Int
    private let registry: GenerationRegistry
    private let log: Observation.Log?
    private let failures = Locked<[ObjectIdentifier: StoreFailure]>([:])
    /// Segments that nobody needs, until they are deleted.
    private let unneeded = Locked<[String]>([])
    private let deleted = Atomic<Int>(0)
    private let isExpiring = Atomic<Bool>(false)

    /// Why the data directory cannot be used, and what to do about it.
    struct Unusable: Error, CustomStringConvertible {
        let description: String

        init(_ failure: StoreFailure) {
            description = failure.advice.map { "\(failure.message): \($0)" } ?? failure.message
        }
    }

    /// Takes the directory; what was running when an earlier process ended is ended as `interrupted`.
    ///
    /// - Parameters:
    ///   - path: Of the data directory.
    ///   - limits: How long and how much is kept.
    ///   - registry: Learns of the idempotency keys that are still bound, and of what is too old or too much.
    ///   - log: Where damage and failures are told; nil for nowhere.
    /// - Throws: `Unusable`, and when the system gives no thread.
    init(
        _ path: String, _ limits: Configuration.Limits, _ registry: GenerationRegistry, log: Observation.Log?
    ) throws(Unusable) {
        // A limit on file sizes is to fail the write, and not to end the process.
        signal(SIGXFSZ, SIG_IGN)
        (self.registry, self.log) = (registry, log)
        do throws(StoreFailure) {
            let opening = try Self.open(path, at: WallClock.milliseconds())
            for key in try opening.database.keys(now: WallClock.milliseconds()) { registry.restore(key) }
            log?.note(opening)
            directory = opening.directory
            catalogue = try Catalogue(opening.database)
        } catch { throw Unusable(error) }
        keptMilliseconds = UInt64(clamping: limits.retentionTime.components.seconds) * 1000
        keptBytes = limits.retention
    }

    private static func open(_ path: String, at now: UInt64) throws(StoreFailure) -> Opening {
        do throws(StoreFailure) { return try recovered(path, at: now) } catch  where error.kind == .damaged {
            // A catalogue that was left in order is not looked through; after a start that failed it is.
            return try recovered(path, at: now)
        }
    }

    private static func recovered(_ path: String, at now: UInt64) throws(StoreFailure) -> Opening {
        let opening = try Opening(path, now: now) { GenerationDocument.message(of: $0.log.fold()) }
        for restored in opening.unfinished {
            let log = Self.interrupted(restored)
            try opening.finish(restored, with: log, now: now, message: GenerationDocument.message(of: log.fold()))
        }
        return opening
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
        write { database in
            let idempotency = origin.idempotency
            guard try database.create(entry, idempotency: idempotency, now: now) != .created else { return }
            // The registry has decided; the catalogue has not heard yet how those ended that it names.
            try database.adopt(
                entry, idempotency: idempotency, isBound: false, keyExpiry: now + CatalogueDatabase.keyMilliseconds)
        }
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
        let freesKey = generation.freesKey
        write(bytes: log.accountedBytes) { [entry] database in
            var entry = entry
            entry.end?.message = GenerationDocument.message(of: log.fold())
            try database.finish(entry, log: log, origin: origin, freesKey: freesKey)
        } then: {
            then($0)
        }
    }

    /// Forgets one for good.
    ///
    /// - Parameters:
    ///   - id: Of one that does not run.
    ///   - then: Called on another thread with whether it is forgotten.
    func delete(_ id: GenerationID, then: @escaping @Sendable (Bool) -> Void) {
        let now = WallClock.milliseconds()
        write { [self] in
            try delete(id, in: $0, now)
        } then: { [self] isDone in
            if isDone { deleted.add(1, ordering: .relaxed) }
            then(isDone)
        }
    }

    /// What became of a wish to delete one whose log cannot be read.
    enum Deletion: Sendable {
        case absent
        /// It is forgotten; the key that made it may be used again.
        case done(IdempotencyKeys.Scope?)
    }

    /// Forgets one for good without looking at its log.
    ///
    /// - Parameters:
    ///   - id: Of one that is not in memory.
    ///   - owner: Nobody else's is deleted.
    ///   - then: Called on another thread; nil when it cannot be forgotten.
    func delete(unread id: GenerationID, owner: String, then: @escaping @Sendable (Deletion?) -> Void) {
        let now = WallClock.milliseconds()
        let deletion = Locked(Deletion.absent)
        write { [self] database in
            guard let entry = try database.listed(id), entry.owner == owner, entry.end != nil else { return }
            let key = (try? database.key(of: id)).flatMap { $0 }
            try delete(id, in: database, now)
            let scope = key.map { IdempotencyKeys.Scope(owner: owner, path: $0.path, key: $0.key) }
            deletion.withLock { $0 = .done(scope) }
        } then: { [self] isDone in
            if isDone { deleted.add(1, ordering: .relaxed) }
            then(isDone ? deletion.withLock { $0 } : nil)
        }
    }

    /// What stands on damaged pages cannot be overwritten: it stays in the file that the next start puts aside.
    private func delete(_ id: GenerationID, in database: CatalogueDatabase, _ now: UInt64) throws(StoreFailure) {
        do throws(StoreFailure) { try database.delete(id, now: now) } catch  where error.kind == .damaged {
            noteDamage(error)
            try database.forget(id, now: now)
        }
    }

    /// How many were deleted: their text may still stand in segments.
    var deletedCount: Int { deleted.load(ordering: .relaxed) }

    /// Deletes files that nobody needs, at the latest when it is next looked for what is too old.
    func remove(_ paths: [String]) {
        unneeded.withLock { $0 += paths }
        write { [self] in try removeUnneeded($0) }
    }

    private func removeUnneeded(_ database: CatalogueDatabase) throws(StoreFailure) {
        let paths = unneeded.withLock { paths in
            defer { paths = [] }
            return paths
        }
        do throws(StoreFailure) { try database.remove(paths) } catch {
            unneeded.withLock { $0 += paths }
            throw error
        }
    }

    /// One that has ended, as it was.
    struct Found: Sendable {
        let entry: CatalogueEntry
        let log: RestoredLog
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
        catalogue.perform { [log] database -> Found? in
            guard let entry = try database.generation(id), entry.owner == owner, entry.end != nil,
                let log = try Self.wholeLog(of: id, in: database, log)
            else { return nil }
            return Found(entry: entry, log: log)
        } then: { [self] in
            if case .failure(let failure) = $0 { noteDamage(failure) }
            then($0)
        }
    }

    /// One that is damaged is given up: it would be met again and again.
    private static func wholeLog(
        of id: GenerationID, in database: CatalogueDatabase, _ log: Observation.Log?
    ) throws(StoreFailure) -> RestoredLog? {
        do throws(StoreFailure) { return try database.log(of: id) } catch  where error.kind == .damagedLog {
            log?.note(.generationsLost, "\(error): it is given up")
            try database.delete(id, now: WallClock.milliseconds())
            return nil
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
        } then: { [self] in
            if case .failure(let failure) = $0 { noteDamage(failure) }
            then($0)
        }
    }

    /// How many turns are read at a time, so that others do not wait long: until they are as many, or as long.
    private static let (turnsAtOnce, turnBytesAtOnce) = (16, 1 << 20)

    /// Goes back in a conversation.
    ///
    /// - Parameters:
    ///   - id: Of the turn to begin with.
    ///   - owner: Nobody else's is found.
    ///   - limits: Of the requests.
    ///   - then: Called on another thread with some turns, the latest first; with none when the first one is not there.
    func turns(
        from id: GenerationID, owner: String, _ limits: JSONLimits,
        then: @escaping @Sendable (Result<[ConversationTurn], StoreFailure>) -> Void
    ) {
        catalogue.perform { [log] database -> [ConversationTurn] in
            var (turns, next, bytes): ([ConversationTurn], GenerationID?, Int) = ([], id, 0)
            while let id = next, turns.count < Self.turnsAtOnce, bytes < Self.turnBytesAtOnce {
                guard let entry = try database.generation(id), entry.owner == owner, entry.end != nil,
                    let restored = try Self.wholeLog(of: id, in: database, log), let origin = restored.origin
                else { break }
                turns.append(ConversationTurn(id, model: entry.model, origin, restored.log, limits))
                bytes += origin.request.count + restored.log.accountedBytes
                next = origin.parent
            }
            return turns
        } then: { [self] in
            if case .failure(let failure) = $0 { noteDamage(failure) }
            then($0)
        }
    }

    // MARK: All of it

    /// How often that is looked for: a quarter of the time for which things are kept, from 100 ms to a minute.
    var expiryInterval: Duration { .milliseconds(min(max(keptMilliseconds / 4, 100), 60_000)) }

    /// Gives up what is too old or too much, and has nothing of it left in the catalogue's files.
    func expire() {
        guard !isExpiring.exchange(true, ordering: .relaxed) else { return }
        expireSome()
    }

    /// Others have their turn in between.
    private func expireSome() {
        let now = WallClock.milliseconds()
        let before = now > keptMilliseconds ? now - keptMilliseconds : 0
        let mayBeMore = Locked(false)
        write { [self] database in
            let forgotten = try database.expire(endedBefore: before, bytes: keptBytes, now: now)
            mayBeMore.withLock { $0 = !forgotten.isEmpty }
            registry.expired(forgotten)
            if forgotten.isEmpty { try removeUnneeded(database) }
        } then: { [self] isDone in
            if isDone, mayBeMore.withLock({ $0 }) { return expireSome() }
            isExpiring.store(false, ordering: .relaxed)
        }
    }

    // MARK: Failures

    /// A loop's segments fail, or are well again.
    func failed(_ failure: StoreFailure?, onLoop loop: EventLoop) { note(failure, of: ObjectIdentifier(loop)) }

    /// Why something is not kept just now; nil while all is well.
    var failure: StoreFailure? { failures.withLock { $0.values.first } }

    /// A catalogue that is damaged stays so until the next start, whatever else can be written to it.
    private func noteDamage(_ failure: StoreFailure) {
        if failure.kind == .damaged { note(failure, of: ObjectIdentifier(directory)) }
    }

    private func note(_ failure: StoreFailure?, of part: ObjectIdentifier) {
        let (wasWell, isWell) = failures.withLock { failures in
            let wasWell = failures.isEmpty
            failures[part] = failure
            return (wasWell, failures.isEmpty)
        }
        if wasWell, let failure { log?.note(.failed, "answers are not kept: \(failure)") }
        if !wasWell, isWell { log?.note(.restored, "answers are kept again") }
    }

    /// Leaves the directory in order; called last, on no loop. Where that fails the next start looks closer.
    func close() {
        do throws(StoreFailure) {
            try catalogue.close()
            // The next start looks closer.
            guard !failures.withLock({ $0.values.contains { $0.kind == .damaged } }) else { return }
            try directory.leave()
        } catch { log?.note(.failed, "the data directory is not left in order: \(error)") }
    }

    private func write(
        bytes: Int = 0, _ work: @escaping @Sendable (CatalogueDatabase) throws -> Void,
        then: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        catalogue.perform(bytes: bytes) { database in
            do { try work(database) } catch let failure as StoreFailure where failure.kind == .full {
                // What was written goes from one file to another: that may make room.
                try? database.checkpoint()
                throw failure
            }
        } then: { [self] result in
            switch result {
            case .success: note(nil, of: ObjectIdentifier(catalogue))
            case .failure(let failure) where failure.kind == .busy: break
            case .failure(let failure):
                note(failure, of: ObjectIdentifier(catalogue))
                noteDamage(failure)
            }
            if case .success = result { then(true) } else { then(false) }
        }
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
