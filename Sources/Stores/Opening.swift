package import FreshetGeneration
import Glibc

/// Takes a data directory for this process and brings it in order: what had ended is in the catalogue, what had not is
/// found, and files that nobody needs are gone. Killed at any moment, it does the same again at the next start.
package final class Opening {
    /// Taken; held as long as anything here is used.
    package let directory: DataDirectory
    /// To be handed to a `Catalogue` when this is done.
    package let database: CatalogueDatabase
    /// What goes on, or is to be ended with `finish`; each with its origin, and noted in the catalogue as running.
    package private(set) var unfinished: [RestoredLog] = []
    /// What was found wrong in segments.
    package private(set) var damaged: [SegmentReport] = []
    /// Generations of which too little is left: their first event is, or all of them are.
    package private(set) var lost: [GenerationID] = []
    /// How many generations were taken over from a damaged catalogue; 0 where there was none.
    package private(set) var salvaged = 0
    /// Segments of processes before this one that somebody needs.
    package private(set) var holdings = SegmentHoldings()
    private let keyMilliseconds: UInt64

    /// - Parameters:
    ///   - path: See `DataDirectory.standardPath`.
    ///   - now: Unix time in ms: when what had ended counts as ended.
    ///   - keyMilliseconds: How long idempotency keys are kept from a generation's beginning.
    ///   - message: A generation's fold as JSON, for the catalogue.
    /// - Throws: When the directory, the catalogue or the disk cannot be used. What is damaged is no reason.
    package init(
        _ path: String, now: UInt64, keyMilliseconds: UInt64 = CatalogueDatabase.keyMilliseconds,
        message: (RestoredLog) -> [UInt8]
    ) throws(StoreFailure) {
        self.keyMilliseconds = keyMilliseconds
        directory = try DataDirectory(path)
        let database = try CatalogueDatabase(directory)
        self.database = database
        if let aside = database.setAside {
            salvaged = try database.salvage(from: aside, now: now, keyMilliseconds: keyMilliseconds, message)
        }
        var failure: StoreFailure?
        let recovery = try Recovery(
            directory,
            isFolded: { id in
                do throws(StoreFailure) { return try database.isSettled(id) } catch { failure = failure ?? error }
                return false
            },
            ended: { restored in
                do throws(StoreFailure) {
                    try Self.finish(restored, restored.log, now, keyMilliseconds, message(restored), database)
                } catch { failure = failure ?? error }
            })
        if let failure { throw failure }
        damaged = recovery.reports.filter(\.isDamaged)
        holdings = recovery.holdings
        for restored in recovery.unfinished { try adopt(restored) }
        try forgetLost(now)
        try removeUnneeded(recovery)
    }

    /// Ends a generation that does not go on.
    ///
    /// - Parameters:
    ///   - restored: One of `unfinished`.
    ///   - log: Its log with the end appended.
    ///   - now: Unix time in ms.
    ///   - message: Its fold as JSON.
    /// - Throws: What the disk or the catalogue says.
    package func finish(
        _ restored: RestoredLog, with log: GenerationLog, now: UInt64, message: [UInt8]
    ) throws(StoreFailure) {
        try Self.finish(restored, log, now, keyMilliseconds, message, database)
        unfinished.removeAll { $0.generation == restored.generation }
        try remove(holdings.released(restored.generation))
    }

    /// A generation that went on has ended, and is in the catalogue.
    ///
    /// - Returns: Files that nobody needs any more: for `CatalogueDatabase.remove`.
    package func release(_ id: GenerationID) -> [String] { holdings.released(id) }

    private static func finish(
        _ restored: RestoredLog, _ log: GenerationLog, _ now: UInt64, _ keyMilliseconds: UInt64, _ message: [UInt8],
        _ database: CatalogueDatabase
    ) throws(StoreFailure) {
        guard var entry = CatalogueEntry(restored), let origin = restored.origin else { return }
        let end = log.fold().end
        entry.end = .init(
            outcome: end?.outcome ?? .interrupted, milliseconds: now, lastSequence: log.lastSequence, message: message)
        try database.finish(entry, log: log, origin: origin, keyMilliseconds: keyMilliseconds)
    }

    private func adopt(_ restored: RestoredLog) throws(StoreFailure) {
        guard let entry = CatalogueEntry(restored) else { return lost.append(restored.generation) }
        // A key is bound at the first content; a generation that had none frees it.
        let key = restored.log.fold().blocks.isEmpty ? nil : restored.origin?.idempotency
        try database.adopt(entry, idempotency: key, keyExpiry: entry.createdMilliseconds + keyMilliseconds)
        if key == nil { try database.freeKey(of: entry.id) }
        unfinished.append(restored)
    }

    /// What the catalogue believes to run and no segment knows: nothing of it was ever shown, or it is lost.
    private func forgetLost(_ now: UInt64) throws(StoreFailure) {
        let found = Set(unfinished.map(\.generation))
        for entry in try database.running() where !found.contains(entry.id) {
            if !lost.contains(entry.id) { lost.append(entry.id) }
            try database.delete(entry.id, now: now)
        }
    }

    private func removeUnneeded(_ recovery: Recovery) throws(StoreFailure) {
        let kept = Set(unfinished.map(\.generation))
        for id in recovery.found where !kept.contains(id) { holdings.release(id) }
        try remove(holdings.takeUnneeded())
    }

    private func remove(_ unneeded: [String]) throws(StoreFailure) {
        guard !unneeded.isEmpty else { return }
        // A damaged file stays under another name: it holds what could not be read.
        let spoilt = Set(damaged.map(\.path))
        for path in unneeded where spoilt.contains(path) {
            guard rename(path, path + ".damaged") == 0 else { throw StoreFailure("put aside", path) }
        }
        try database.remove(unneeded.filter { !spoilt.contains($0) })
    }
}

extension CatalogueEntry {
    /// What a restored log tells of its generation; nil when its first event is lost.
    package init?(_ restored: RestoredLog) {
        guard let start = restored.log.fold(through: 1).start, let origin = restored.origin else { return nil }
        self.init(
            id: restored.generation, owner: origin.owner, parent: origin.parent, model: start.model,
            dialect: origin.dialect, createdMilliseconds: start.createdMilliseconds)
    }
}
