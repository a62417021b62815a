import Foundation
import FreshetGeneration
import Testing

@testable import FreshetStores

struct CatalogueTests {
    static func id(_ number: UInt64) -> GenerationID { GenerationID(milliseconds: number, random: (0, 0)) }

    static func entry(_ number: UInt64, owner: String = "a", parent: UInt64? = nil) -> CatalogueEntry {
        CatalogueEntry(
            id: id(number), owner: owner, parent: parent.map(id), model: "m", dialect: "native",
            createdMilliseconds: number)
    }

    static func ended(_ number: UInt64, at end: UInt64? = nil, owner: String = "a") -> CatalogueEntry {
        var entry = entry(number, owner: owner)
        entry.end = .init(outcome: .finished, milliseconds: end ?? number, lastSequence: 7, message: Array("{}".utf8))
        return entry
    }

    static func opened(_ folder: Folder) throws -> CatalogueDatabase {
        try CatalogueDatabase(try DataDirectory(folder.data))
    }

    static func lines(_ live: Live) -> [UInt8] {
        var (writer, out) = (LogLineWriter(generation: live.id, origin: GenerationOrigin(owner: "a")), [UInt8]())
        writer.append(from: live.log, to: &out)
        return out
    }

    @Test func aFinishedLogComesBackAsItWas() throws {
        let folder = Folder()
        let live = Live(3)
        for number in 0..<100 { live.say("\(number)🙂 ") }
        live.end()
        var entry = Self.entry(3)
        entry.id = live.id
        do {
            let catalogue = try Self.opened(folder)
            #expect(try catalogue.create(entry, now: 1) == .created)
            #expect(try catalogue.isFinished(live.id) == false)
            entry.end = .init(
                outcome: .finished, milliseconds: 9, lastSequence: live.log.lastSequence, message: [0x7B, 0x7D])
            try catalogue.finish(entry, lines: Self.lines(live))
            try catalogue.close()
        }
        let catalogue = try Self.opened(folder)
        #expect(catalogue.setAside == nil)
        #expect(try catalogue.isFinished(live.id))
        entry.end?.bytes = Self.lines(live).count + 2
        #expect(try catalogue.generation(live.id) == entry)
        let restored = try #require(try catalogue.log(of: live.id))
        #expect(restored.log.fold() == live.log.fold())
        #expect(try catalogue.log(of: Self.id(4)) == nil && catalogue.generation(Self.id(4)) == nil)
        #expect(folder.mode("data/catalogue.sqlite") == 0o600)
    }

    @Test func aKeyBelongsToOneRequest() throws {
        let catalogue = try Self.opened(Folder())
        let key = GenerationOrigin.Idempotency(key: "k", path: "/p", digest: [1])
        func create(_ number: UInt64, _ key: GenerationOrigin.Idempotency, _ owner: String = "a", now: UInt64 = 10)
            throws -> CatalogueDatabase.Creation
        {
            try catalogue.create(Self.entry(number, owner: owner), idempotency: key, now: now, keyMilliseconds: 100)
        }
        #expect(try create(1, key) == .created)
        #expect(try create(2, key) == .exists(Self.id(1)))
        #expect(try create(2, .init(key: "k", path: "/p", digest: [2])) == .keyTaken)
        #expect(try create(2, .init(key: "k", path: "/q", digest: [2])) == .created)
        #expect(try create(3, key, "b") == .created)
        #expect(try create(4, key, now: 109) == .exists(Self.id(1)))
        #expect(try create(4, key, now: 110) == .created, "it has expired")
        #expect(try create(5, key, now: 111) == .exists(Self.id(4)))
        #expect(try catalogue.generation(Self.id(5)) == nil, "nothing of a refused one stays")
        try catalogue.freeKey(of: Self.id(4))
        #expect(try create(5, key) == .created)
        try catalogue.bindKey(of: Self.id(5))
        try catalogue.freeKey(of: Self.id(5))
        #expect(try create(6, key) == .exists(Self.id(5)), "after the first content it is bound")
        try catalogue.delete(Self.id(5), now: 0)
        #expect(try create(6, key) == .created)
    }

    @Test func anEndTakesItsKeyOrFreesIt() throws {
        let catalogue = try Self.opened(Folder())
        let key = GenerationOrigin.Idempotency(key: "k", path: "/p", digest: [1])
        func finish(_ number: UInt64, freesKey: Bool = false) throws {
            let origin = GenerationOrigin(owner: "a", idempotency: key)
            try catalogue.finish(Self.ended(number), log: Live(number).log, origin: origin, freesKey: freesKey)
        }
        func holders() throws -> [UInt64] { try catalogue.keys(now: 0).map(\.generation.milliseconds) }
        try finish(2)
        #expect(try holders() == [2], "it was never noted as running")
        try finish(1)
        #expect(try holders() == [2], "the key was given anew since")
        try finish(3, freesKey: true)
        #expect(try holders() == [2])
        try catalogue.adopt(Self.entry(4), idempotency: key, keyExpiry: 9)
        #expect(try holders() == [4])
        try finish(4, freesKey: true)
        #expect(try holders() == [])
        try finish(5)
        #expect(try catalogue.keys(now: 0).map(\.boundMilliseconds) == [5])
    }

    @Test func oneChildOfAParentRuns() throws {
        let catalogue = try Self.opened(Folder())
        #expect(try catalogue.create(Self.entry(2, parent: 1), now: 0) == .created)
        #expect(try catalogue.create(Self.entry(3, parent: 1), now: 0) == .childRunning(Self.id(2)))
        #expect(try catalogue.runningChild(of: Self.id(1)) == Self.id(2))
        try catalogue.finish(Self.ended(2), lines: [])
        #expect(try catalogue.runningChild(of: Self.id(1)) == nil)
        #expect(try catalogue.create(Self.entry(3, parent: 1), now: 0) == .created)
        try catalogue.adopt(Self.entry(4, parent: 1), idempotency: nil, keyExpiry: 0)
        #expect(try catalogue.running().map(\.id) == [Self.id(3), Self.id(4)])
        #expect(try catalogue.list(owner: "a", parent: Self.id(1), limit: 9).map(\.id) == [4, 3, 2].map(Self.id))
    }

    @Test func listsAreTheirOwnersAndComeInPages() throws {
        let catalogue = try Self.opened(Folder())
        for number in 1...10 as ClosedRange<UInt64> {
            let owner = number % 5 == 0 ? "b" : "a"
            _ = try catalogue.create(Self.entry(number, owner: owner), now: 0)
            if number < 4 { try catalogue.finish(Self.ended(number, owner: owner), lines: [1, 2]) }
        }
        func ids(_ owner: String, _ state: CatalogueDatabase.ListedState? = nil, before: UInt64? = nil, limit: Int = 3)
            throws -> [UInt64]
        {
            try catalogue.list(owner: owner, state: state, before: before.map(Self.id), limit: limit)
                .map(\.id.milliseconds)
        }
        #expect(try ids("a") == [9, 8, 7])
        #expect(try ids("a", before: 7) == [6, 4, 3])
        #expect(try ids("a", before: 3) == [2, 1])
        #expect(try ids("b") == [10, 5])
        #expect(try ids("c") == [])
        #expect(try ids("a", .ended, limit: 9) == [3, 2, 1])
        #expect(try ids("a", .running, limit: 9) == [9, 8, 7, 6, 4])
    }

    @Test func theOldestEndGoesFirst() throws {
        let catalogue = try Self.opened(Folder())
        for number in 1...6 as ClosedRange<UInt64> {
            try catalogue.finish(Self.ended(number, at: 100 - number), lines: [UInt8](repeating: 1, count: 98))
        }
        _ = try catalogue.create(Self.entry(50), now: 0)
        #expect(try catalogue.keptBytes() == 600)
        #expect(try catalogue.expire(endedBefore: 0, bytes: 600, now: 0) == [])
        #expect(try catalogue.expire(endedBefore: 96, bytes: 600, now: 0) == [6, 5].map(Self.id))
        #expect(try catalogue.lines(of: Self.id(6)) == nil)
        #expect(try catalogue.expire(endedBefore: 0, bytes: 250, now: 0) == [4, 3].map(Self.id))
        #expect(try catalogue.expire(endedBefore: .max, bytes: 0, now: 0) == [2, 1].map(Self.id))
        #expect(try catalogue.running().map(\.id) == [Self.id(50)])
    }

    @Test func whatIsForgottenIsNotFoundThoughItIsThere() throws {
        let catalogue = try Self.opened(Folder())
        for number in 1...2 as ClosedRange<UInt64> { try catalogue.finish(Self.ended(number), lines: [1]) }
        try catalogue.forget(Self.id(1), now: 0)
        #expect(try catalogue.generation(Self.id(1)) == nil && catalogue.listed(Self.id(1)) == nil)
        #expect(try catalogue.list(owner: "a", limit: 9).map(\.id) == [Self.id(2)])
        #expect(try catalogue.isSettled(Self.id(1)) && catalogue.listed(Self.id(2))?.owner == "a")
        try catalogue.delete(Self.id(1), now: 0)
        #expect(try catalogue.lines(of: Self.id(1)) == nil && catalogue.keptBytes() == 3)
    }

    @Test func aDamagedFileIsPutAsideAndSegmentsFillANewOne() throws {
        let folder = Folder()
        let live = Live(1)
        live.end()
        do {
            let directory = try DataDirectory(folder.data)
            let catalogue = try CatalogueDatabase(directory)
            for number in 1...200 as ClosedRange<UInt64> { try catalogue.finish(Self.ended(number), lines: [1]) }
            let keeper = LogKeeper(SegmentWriter(directory, loop: 0))
            keeper.changed(try keeper.keep(live.id, epoch: 1, origin: GenerationOrigin(owner: "a"), from: live))
            keeper.flush()
            try catalogue.close()
        }
        var bytes = folder.bytes("data/catalogue.sqlite")
        for place in stride(from: 4096, to: bytes.count, by: 37) { bytes[place] = 0xAA }
        folder.write("data/catalogue.sqlite", bytes)
        let directory = try DataDirectory(folder.data)
        let catalogue = try CatalogueDatabase(directory)
        #expect(catalogue.setAside == folder.data + "/catalogue.sqlite.damaged-2")
        #expect(folder.names("data").contains("catalogue.sqlite.damaged-2"))
        let recovery = try Recovery(
            directory, isFolded: { (try? catalogue.isFinished($0)) ?? false },
            ended: { restored in
                var entry = Self.ended(1)
                entry.id = restored.generation
                try? catalogue.finish(entry, lines: [])
            })
        #expect(recovery.endedCount == 1)
        #expect(try catalogue.list(owner: "a", limit: 9).map(\.id) == [live.id])
    }

    @Test(arguments: [0, 100, 4096, 5000])
    func aFileThatIsNoDatabaseIsPutAside(_ count: Int) throws {
        let folder = Folder()
        do { _ = try Self.opened(folder) }
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder.data + "/catalogue.sqlite" + suffix)
        }
        folder.write("data/catalogue.sqlite", [UInt8](repeating: 0x5A, count: count))
        let catalogue = try Self.opened(folder)
        #expect((catalogue.setAside != nil) == (count > 0))
        #expect(try catalogue.create(Self.entry(1), now: 0) == .created)
    }

    @Test func aFileOfALaterVersionIsLeftAlone() throws {
        let folder = Folder()
        do { try Self.opened(folder).database.execute("PRAGMA user_version = 99") }
        let failure = #expect(throws: StoreFailure.self) { try Self.opened(folder) }
        #expect(failure?.kind == .tooNew)
        #expect(folder.names("data").contains("catalogue.sqlite"))
    }

    @Test(arguments: ["-1", "-2147483648", "0"])
    func aVersionThatNobodyWroteIsDamage(_ version: String) throws {
        let folder = Folder()
        do { try Self.opened(folder).database.execute("PRAGMA user_version = \(version)") }
        let catalogue = try Self.opened(folder)
        #expect(catalogue.setAside == folder.data + "/catalogue.sqlite.damaged-2")
        #expect(try catalogue.create(Self.entry(1), now: 0) == .created)
    }

    @Test func anOlderFileIsBroughtUpToDate() throws {
        let folder = Folder()
        let catalogue = try Self.opened(folder)
        try catalogue.finish(Self.ended(1), lines: [7])
        let database = catalogue.database
        let pretended = [
            "ALTER TABLE generations ADD COLUMN note TEXT; UPDATE generations SET note = model || '!';",
            "CREATE TABLE notes (id TEXT) STRICT; INSERT INTO notes SELECT note FROM generations;",
        ]
        let later = CatalogueSchema.steps + pretended
        func version() throws -> Int64? { try database.rows("PRAGMA user_version") { $0.integer(0) }.first }
        func tables() throws -> [String] {
            try database.rows("SELECT name FROM sqlite_schema WHERE name = 'notes'") { $0.text(0) }
        }
        #expect(try version() == Int64(CatalogueSchema.steps.count))
        #expect(throws: StoreFailure.self, "a step that fails half way") {
            try CatalogueSchema.migrate(database, path: "x", steps: later.dropLast() + [pretended[1] + "nonsense;"])
        }
        #expect(try version() == Int64(later.count - 1) && tables() == [], "the one before it is there, nothing of it")
        try CatalogueSchema.migrate(database, path: "x", steps: later)
        #expect(try version() == Int64(later.count))
        #expect(try database.rows("SELECT id FROM notes") { $0.text(0) } == ["m!"])
        #expect(try catalogue.lines(of: Self.id(1)) == [7], "what was there is there")
        try CatalogueSchema.migrate(database, path: "x", steps: later)
        let failure = #expect(throws: StoreFailure.self) { try CatalogueSchema.migrate(database, path: "x") }
        #expect(failure?.kind == .tooNew)
    }

    @Test func itsThreadWorksInOrderAndClosesInOrder() throws {
        let folder = Folder()
        let directory = try DataDirectory(folder.data)
        let catalogue = try Catalogue(try CatalogueDatabase(directory))
        let results = Results()
        for number in 1...500 as ClosedRange<UInt64> {
            catalogue.perform {
                try $0.create(Self.entry(number), now: 0)
            } then: {
                results.add("\(number) \($0)")
            }
        }
        catalogue.perform {
            try $0.create(Self.entry(1, parent: 9), idempotency: nil, now: 0)
        } then: { _ in
        }
        try catalogue.close()
        #expect(results.all == (1...500).map { "\($0) success(FreshetStores.CatalogueDatabase.Creation.created)" })
        catalogue.perform {
            try $0.keptBytes()
        } then: {
            results.add("\($0)")
        }
        #expect(results.all.last?.contains("more waits") == true)
        try directory.leave()
        let reopened = try CatalogueDatabase(directory)
        #expect(try reopened.list(owner: "a", limit: 1000).count == 500)
    }

    @Test func whatIsTooMuchIsRefusedAtOnce() throws {
        let folder = Folder()
        let database = try Self.opened(folder)
        let catalogue = try Catalogue(database, jobLimit: 2, byteLimit: 100)
        let (results, gate) = (Results(), DispatchSemaphore(value: 0))
        let begun = DispatchSemaphore(value: 0)
        catalogue.perform { _ in
            begun.signal()
            gate.wait()
        } then: { _ in
            results.add("first")
        }
        begun.wait()
        for size in [60, 60, 30, 1] {
            catalogue.perform(bytes: size) { _ in
            } then: { result in
                if case .failure(let failure) = result { results.add("\(size) \(failure.kind)") }
            }
        }
        #expect(results.all == ["60 busy", "1 busy"], "too many bytes, too many jobs")
        gate.signal()
        try catalogue.close()
        #expect(results.all.count == 3)
    }

    final class Results: @unchecked Sendable {
        private let lock = NSLock()
        private var lines: [String] = []
        func add(_ line: String) { lock.withLock { lines.append(line) } }
        var all: [String] { lock.withLock { lines } }
    }
}
