import Foundation
import FreshetGeneration
import FreshetStores
import Testing

@testable import FreshetGateway

struct ArchiveTests {
    /// What a test waits for.
    final class Answers: @unchecked Sendable {
        private let lock = NSLock()
        private var counts: [Int] = []
        private let changed = DispatchSemaphore(value: 0)

        func add(_ count: Int) {
            lock.withLock { counts.append(count) }
            changed.signal()
        }

        func next() -> Int {
            changed.wait()
            return lock.withLock { counts.removeFirst() }
        }
    }

    @Test func othersDoNotWaitUntilAllIsForgotten() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "freshet-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let database = try CatalogueDatabase(try DataDirectory(folder))
            for number in 1...1000 as ClosedRange<UInt64> {
                let id = GenerationID(milliseconds: number, random: (0, 0))
                let end = CatalogueEntry.End(outcome: .finished, milliseconds: number, lastSequence: 1)
                let entry = CatalogueEntry(
                    id: id, owner: "a", model: "m", dialect: "native", createdMilliseconds: number, end: end)
                try database.finish(entry, lines: [1])
            }
            try database.close()
        }
        let archive = try Archive(folder, .init(), GenerationRegistry(keptBytes: 0), log: nil)
        let answers = Answers()
        func count() -> Int {
            archive.list(owner: "a", state: nil, before: nil, limit: 2000) { answers.add((try? $0.get().count) ?? -1) }
            return answers.next()
        }
        archive.expire()
        archive.expire()
        #expect(count() >= 400)
        while count() > 0 {}
        archive.close()
    }
}
