import Foundation
import FreshetGeneration
import Testing

@testable import FreshetStores

/// What a start finds, and what it leaves for the next.
struct OpeningTests {
    static let key = GenerationOrigin.Idempotency(key: "k", path: "/p", digest: [1])

    /// A process that was killed: some generations had ended, some had not, one had not begun to speak.
    static func killed(_ folder: Folder) throws -> [Live] {
        let opening = try Opening(folder.data, now: 5) { _ in [] }
        let keeper = LogKeeper(SegmentWriter(opening.directory, loop: 0))
        let lives = (1...4).map { Live($0) }
        for (place, live) in lives.enumerated() {
            let origin = GenerationOrigin(
                owner: "o\(place)", parent: place == 1 ? lives[0].id : nil, idempotency: place == 1 ? key : nil,
                dialect: "native")
            _ = try opening.database.create(
                CatalogueEntry(
                    id: live.id, owner: origin.owner, parent: place == 1 ? lives[0].id : nil, model: "m",
                    dialect: "native", createdMilliseconds: live.id.milliseconds),
                idempotency: origin.idempotency, now: live.id.milliseconds)
            live.say("text \(place)")
            if place >= 2 { live.end() }
            keeper.changed(try keeper.keep(live.id, epoch: opening.directory.epoch, origin: origin, from: live))
        }
        keeper.flush()
        return lives
    }

    static func opened(_ folder: Folder, now: UInt64 = 9) throws -> Opening {
        try Opening(folder.data, now: now) { Array($0.text.utf8) }
    }

    @Test func everyGenerationIsFoundOnce() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        for round in 0..<3 {
            let opening = try Self.opened(folder)
            #expect(opening.unfinished.map(\.generation) == [lives[0].id, lives[1].id], "round \(round)")
            #expect(opening.damaged.isEmpty && opening.lost.isEmpty)
            let ended = try #require(try opening.database.generation(lives[2].id))
            #expect(ended.owner == "o2" && ended.end?.outcome == .finished && ended.end?.milliseconds == 9)
            #expect(ended.end?.message == Array("text 2".utf8))
            #expect(try opening.database.log(of: lives[3].id)?.log.fold() == lives[3].log.fold())
            #expect(try opening.database.running().map(\.id) == [lives[0].id, lives[1].id])
            #expect(opening.holdings.paths.count == 1)
        }
    }

    @Test func whatDoesNotGoOnEndsAndItsFileGoes() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        do {
            let opening = try Self.opened(folder)
            for restored in opening.unfinished {
                var log = restored.log
                log.append(.generationEnd(GenerationEnd(outcome: .interrupted)))
                try opening.finish(restored, with: log, now: 10, message: [])
            }
            #expect(opening.unfinished.isEmpty && opening.holdings.paths.isEmpty)
            #expect(folder.names("data/segments") == [])
        }
        let opening = try Self.opened(folder)
        #expect(opening.unfinished.isEmpty)
        #expect(try opening.database.generation(lives[0].id)?.end?.outcome == .interrupted)
        #expect(try opening.database.log(of: lives[0].id)?.text == "text 0")
        let other = CatalogueTests.entry(77, owner: "o1")
        #expect(
            try opening.database.create(other, idempotency: Self.key, now: lives[1].id.milliseconds)
                == .exists(lives[1].id))
    }

    @Test func whatWasDeletedStaysDeleted() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        do {
            let opening = try Self.opened(folder)
            try opening.database.delete(lives[2].id, now: 10)
            #expect(folder.names("data/segments").count == 1, "others need the file")
        }
        let opening = try Self.opened(folder)
        #expect(try opening.database.generation(lives[2].id) == nil)
        #expect(try opening.database.generation(lives[3].id) != nil)
    }

    @Test func withoutACatalogueTheSegmentsSuffice() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder.data + "/catalogue.sqlite" + suffix)
        }
        let opening = try Self.opened(folder)
        #expect(opening.unfinished.map(\.generation) == [lives[0].id, lives[1].id])
        #expect(opening.unfinished[1].origin?.idempotency == Self.key)
        #expect(try opening.database.generation(lives[2].id)?.owner == "o2")
        let other = CatalogueTests.entry(77, owner: "o1")
        #expect(
            try opening.database.create(other, idempotency: Self.key, now: lives[1].id.milliseconds)
                == .exists(lives[1].id))
    }

    @Test func withoutACatalogueKeysAreWhereTheyWere() throws {
        let folder = Folder()
        let (said, failed, running) = (Live(1), Live(2), Live(3))
        do {
            let directory = try DataDirectory(folder.data)
            let keeper = LogKeeper(SegmentWriter(directory, loop: 0))
            said.say("text")
            said.end()
            failed.log = GenerationLog()
            failed.log.append(.generationStart(GenerationStart(id: failed.id, model: "m", createdMilliseconds: 7)))
            let failure = GenerationFailure(code: "connect", message: "nobody there", isRetryable: true)
            failed.log.append(.generationEnd(GenerationEnd(outcome: .failed, failure: failure)))
            running.say("te")
            for (place, live) in [said, failed, running].enumerated() {
                let key = GenerationOrigin.Idempotency(key: "\(place)", path: "/p", digest: [1])
                let origin = GenerationOrigin(owner: "o", idempotency: key)
                keeper.changed(try keeper.keep(live.id, epoch: 1, origin: origin, from: live))
            }
            keeper.flush()
        }
        let opening = try Self.opened(folder)
        let keys = try opening.database.keys(now: said.id.milliseconds)
        #expect(Set(keys.map(\.generation)) == [said.id, running.id])
        #expect(Set(keys.map(\.key)) == ["0", "2"])
        #expect(try opening.database.generation(failed.id)?.end?.outcome == .failed)
    }

    @Test func withoutSegmentsWhatRanIsLostAndSaidSo() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        for name in folder.names("data/segments") {
            try FileManager.default.removeItem(atPath: folder.data + "/segments/" + name)
        }
        let opening = try Self.opened(folder)
        #expect(Set(opening.lost) == Set(lives.map(\.id)) && opening.unfinished.isEmpty)
        #expect(try opening.database.running().isEmpty)
    }

    @Test func aDamagedFileIsPutAsideOnceNobodyNeedsIt() throws {
        let folder = Folder()
        let lives = try Self.killed(folder)
        let name = "data/segments/" + folder.names("data/segments")[0]
        var bytes = folder.bytes(name)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("\"owner\":\"o0\"".utf8)) })
        bytes[place] ^= 0xFF
        folder.write(name, bytes)
        let opening = try Self.opened(folder)
        #expect(opening.damaged.map(\.damageCount) == [1])
        #expect(opening.lost == [lives[0].id], "its first line")
        #expect(opening.unfinished.map(\.generation) == [lives[1].id])
        #expect(opening.holdings.paths.count == 1)
        let restored = opening.unfinished[0]
        try opening.finish(restored, with: restored.log, now: 1, message: [])
        #expect(folder.names("data/segments").allSatisfy { $0.hasSuffix(".damaged") })
    }

    @Test func aSegmentOfALaterVersionIsRefused() throws {
        let folder = Folder()
        _ = try Self.killed(folder)
        let name = "data/segments/" + folder.names("data/segments")[0]
        let lines = folder.bytes(name).split(separator: 0x0A, maxSplits: 1)
        let line = String(decoding: lines[0].dropLast(LineSum.length), as: UTF8.self)
        var head = Array(line.replacingOccurrences(of: "\"freshet\":1", with: "\"freshet\":2").utf8)
        LineSum.close(&head, from: 0)
        folder.write(name, head + lines[1])
        #expect(throws: StoreFailure.self) { try Self.opened(folder) }
        #expect(folder.bytes(name) == head + lines[1])
    }

    @Test(arguments: ["segment", "catalogue"])
    func aDirectoryOfALaterVersionIsLeftAsItIs(_ part: String) throws {
        let folder = Folder()
        do {
            let opening = try Self.opened(folder)
            try opening.database.finish(CatalogueTests.ended(1), lines: [1])
            if part == "catalogue" { try opening.database.database.execute("PRAGMA user_version = 99") }
            try opening.database.close()
            try opening.directory.leave()
        }
        var head = Array("{\"type\":\"segment\",\"freshet\":2,\"epoch\":1,\"loop\":0,\"number\":1".utf8)
        LineSum.close(&head, from: 0)
        let name = "data/segments/" + SegmentName(epoch: 1, loop: 0, number: 1).text
        if part == "segment" { folder.write(name, head) }
        let before = (folder.names("data"), folder.names("data/segments"), folder.bytes("data/catalogue.sqlite"))
        for _ in 0..<2 {
            let failure = #expect(throws: StoreFailure.self) { try Self.opened(folder) }
            #expect(failure?.kind == .tooNew)
        }
        #expect(folder.bytes("data/epoch") == Array("1\n".utf8) && folder.names("data").contains("clean"))
        #expect(folder.names("data") == before.0 && folder.names("data/segments") == before.1)
        let isSame = folder.bytes("data/catalogue.sqlite") == before.2
        #expect(isSame)
    }

    @Test func aMissingCatalogueIsSaid() throws {
        let folder = Folder()
        #expect(try !Self.opened(folder).database.wasMissing, "a new folder has none")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder.data + "/catalogue.sqlite" + suffix)
        }
        #expect(try Self.opened(folder).database.wasMissing)
    }
}
