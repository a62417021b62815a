import FreshetGeneration
import FreshetStores

/// What a generation costs the catalogue's thread.
///
/// ```
/// store-work catalogue DIR
/// ```
enum CatalogueCost {
    private static let generations: UInt64 = 2000

    static func run(_ arguments: [String]) {
        do {
            let directory = try DataDirectory((arguments.first ?? ".") + "/store-work.data")
            let database = try CatalogueDatabase(directory)
            var log = GenerationLog()
            let begun = GenerationStart(id: id(directory.epoch, 0), model: "m", createdMilliseconds: 0)
            log.append(.generationStart(begun))
            log.append(.blockStart(BlockStart(block: 0, kind: .text)))
            for _ in 0..<1000 { log.append(.blockDelta(block: 0, kind: .text, text: " t1000000")) }
            log.append(.generationEnd(GenerationEnd(outcome: .finished)))
            var steps = (0..<4).map { _ in Timing(capacity: Int(generations)) }
            for number in 0..<generations {
                var entry = CatalogueEntry(
                    id: id(directory.epoch, number), owner: "o", model: "m", dialect: "native", createdMilliseconds: 1)
                let key = GenerationOrigin.Idempotency(key: "\(number)", path: "/", digest: [1])
                try steps[0].time { _ = try database.create(entry, idempotency: key, now: 1) }
                entry.end = .init(outcome: .finished, milliseconds: number, lastSequence: log.lastSequence)
                let ended = entry
                try steps[1].time { try database.finish(ended, log: log, origin: GenerationOrigin(owner: "o")) }
                try steps[2].time { _ = try database.log(of: entry.id) }
                try steps[3].time { _ = try database.list(owner: "o", limit: 20) }
            }
            Timing.head(["µs of the catalogue's thread"] + Timing.columns)
            let titles = ["created, with a key", "finished, 1,000 tokens", "its log read back", "a page of 20 listed"]
            for (title, step) in zip(titles, steps) { Timing.row([title] + step.summary) }
            while try !database.expire(endedBefore: .max, bytes: 0, now: 1).isEmpty {}
            try database.close()
        } catch { print("\(error)") }
    }

    private static func id(_ epoch: UInt64, _ number: UInt64) -> GenerationID {
        GenerationID(milliseconds: epoch, random: (0, number))
    }
}

extension Timing {
    fileprivate mutating func time(_ work: () throws -> Void) rethrows {
        let start = Timing.now()
        try work()
        add(since: start)
    }
}
