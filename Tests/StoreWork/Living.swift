import FreshetGeneration
import FreshetStores
import Glibc

/// What a gateway does with its stores, until it is killed: opens them, ends what the last one left, produces, hands what
/// has ended to the catalogue, and says after each turn what a reader may have seen.
///
/// ```
/// store-work live DIR     prints lines: GENERATION SEQ
/// ```
enum Living {
    private final class Source: LogSource {
        let id: GenerationID
        var log = GenerationLog()
        var kept: KeptLog?

        init(_ id: GenerationID) {
            self.id = id
            log.append(.generationStart(GenerationStart(id: id, model: "m", createdMilliseconds: id.milliseconds)))
            log.append(.blockStart(BlockStart(block: 0, kind: .text)))
        }
    }

    /// Generations that the catalogue has, on their way back to the loop.
    private final class Finished: @unchecked Sendable {  // under its lock
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private var ids: Set<GenerationID> = []

        init() { pthread_mutex_init(lock, nil) }

        func add(_ id: GenerationID) {
            pthread_mutex_lock(lock)
            ids.insert(id)
            pthread_mutex_unlock(lock)
        }

        func take() -> Set<GenerationID> {
            pthread_mutex_lock(lock)
            defer {
                ids = []
                pthread_mutex_unlock(lock)
            }
            return ids
        }
    }

    static func run(_ arguments: [String]) {
        do { try live(arguments[0]) } catch {
            say("\(error)\n", to: 2)
            exit(1)
        }
    }

    private static func live(_ path: String) throws {
        let opening = try Opening(path, now: 1) { _ in [] }
        for restored in opening.unfinished {
            var log = restored.log
            log.append(.generationEnd(GenerationEnd(outcome: .interrupted)))
            try opening.finish(restored, with: log, now: 2, message: [])
        }
        let (epoch, origin) = (opening.directory.epoch, GenerationOrigin(owner: "o"))
        let catalogue = try Catalogue(opening.database)
        let writer = SegmentWriter(opening.directory, loop: 0, size: 64 << 10)
        writer.onUnneeded = { paths in
            catalogue.perform {
                try $0.remove(paths)
            } then: { _ in
            }
        }
        let keeper = LogKeeper(writer)
        let finished = Finished()
        var (running, ended, count): ([Source], [GenerationID: KeptLog], UInt64) = ([], [:], 0)
        for turn in 0... {
            while running.count < 20 {
                let source = Source(GenerationID(milliseconds: epoch, random: (0, count)))
                source.kept = try keeper.keep(source.id, epoch: epoch, origin: origin, from: source)
                running.append(source)
                count += 1
            }
            var said = ""
            for (place, source) in running.enumerated() where (turn + place) % 3 == 0 {
                source.log.append(.blockDelta(block: 0, kind: .text, text: "\(turn) "))
                if (turn + place) % 45 == 0 { source.log.append(.generationEnd(GenerationEnd(outcome: .stopped))) }
                if let kept = source.kept { keeper.changed(kept) }
                said += "\(source.id) \(source.log.lastSequence)\n"
            }
            keeper.flush()
            if let failure = keeper.failure { throw failure }
            say(said, to: 1)
            running.removeAll { source in
                guard let end = source.log.fold().end else { return false }
                ended[source.id] = source.kept
                var entry = CatalogueEntry(
                    id: source.id, owner: "o", model: "m", dialect: "native",
                    createdMilliseconds: source.id.milliseconds)
                entry.end = .init(outcome: end.outcome, milliseconds: 3, lastSequence: source.log.lastSequence)
                let (whole, log) = (entry, source.log)
                catalogue.perform(bytes: log.accountedBytes) {
                    try $0.finish(whole, log: log, origin: origin)
                } then: {
                    if case .success = $0 { finished.add(whole.id) }
                }
                return true
            }
            for id in finished.take() { if let kept = ended.removeValue(forKey: id) { keeper.release(kept) } }
        }
    }

    private static func say(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else { exit(1) }
    }
}
