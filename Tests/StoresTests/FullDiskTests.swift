import Foundation
import FreshetGeneration
import FreshetTestSupport
import Testing

@testable import FreshetStores

/// A small disk that is full: what is in memory goes on, is written later, and nothing in the files is broken.
struct FullDiskTests {
    /// A file system of its own; nil where this user may not mount one.
    final class Disk {
        let folder = Folder()
        var path: String { folder.path + "/disk" }

        init?(kibibytes: Int) {
            guard mkdir(folder.path + "/disk", 0o700) == 0,
                Self.run(["mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k,mode=700", "freshet-test", path])
            else { return nil }
        }

        deinit { _ = Self.run(["umount", "-l", path]) }

        func fill() { _ = Self.run(["dd", "if=/dev/zero", "of=\(path)/filler", "bs=4k"]) }

        func makeRoom() { unlink(path + "/filler") }

        private static func run(_ words: [String]) -> Bool {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = words
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            guard (try? process.run()) != nil else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }

    @Test func whatCouldNotBeWrittenIsWrittenLater() throws {
        guard let disk = Disk(kibibytes: 1024) else { return print("left out: no file system may be mounted here") }
        let directory = try DataDirectory(disk.path + "/data")
        let keeper = LogKeeper(SegmentWriter(directory, loop: 0))
        var changes: [StoreFailure.Kind?] = []
        keeper.onChange = { changes.append($0?.kind) }
        let lives = (0..<4).map { Live($0) }
        let kept = try lives.map { try keeper.keep($0.id, epoch: 1, origin: GenerationOrigin(owner: "o"), from: $0) }
        func turn(_ number: Int) {
            for (live, log) in zip(lives, kept) where number % 2 == 0 || live === lives[0] {
                live.say("\(number) " + String(repeating: "x", count: 300))
                keeper.changed(log)
            }
            keeper.flush()
        }
        for number in 0..<20 { turn(number) }
        #expect(keeper.failure == nil && changes.isEmpty)
        disk.fill()
        for number in 20..<200 { turn(number) }
        #expect(keeper.failure?.kind == .full && changes == [.full])
        #expect(keeper.failure?.message.contains("No space left") == true)
        #expect(kept[0].isBehind)
        let whole = try Found(directory)
        #expect(whole.recovery.reports.allSatisfy { !$0.isDamaged && $0.tornAt == nil }, "no half line is left")
        #expect(whole.recovery.unfinished.map(\.log.lastSequence) == kept.map(\.keptSequence))
        keeper.retry()
        #expect(keeper.failure?.kind == .full && changes == [.full])
        disk.makeRoom()
        keeper.retry()
        #expect(keeper.failure == nil && changes == [.full, nil])
        for number in 200..<220 { turn(number) }
        #expect(!kept.contains { $0.isBehind })
        let found = try Found(directory)
        #expect(found.recovery.unfinished.map(\.text) == lives.map { $0.log.fold().blocks[0].text })
        #expect(found.recovery.reports.allSatisfy { !$0.isDamaged && $0.tornAt == nil })
    }

    @Test func theCatalogueSaysSoAndGoesOn() throws {
        guard let disk = Disk(kibibytes: 2048) else { return print("left out: no file system may be mounted here") }
        let directory = try DataDirectory(disk.path + "/data")
        let catalogue = try CatalogueDatabase(directory)
        try catalogue.finish(CatalogueTests.ended(1), lines: [1])
        disk.fill()
        let failure = #expect(throws: StoreFailure.self) {
            for number in 2...100 as ClosedRange<UInt64> {
                try catalogue.finish(CatalogueTests.ended(number), lines: [UInt8](repeating: 7, count: 40_000))
            }
        }
        #expect(failure?.kind == .full)
        disk.makeRoom()
        try catalogue.finish(CatalogueTests.ended(101), lines: [UInt8](repeating: 7, count: 40_000))
        #expect(try catalogue.isFinished(CatalogueTests.id(1)))
        #expect(try catalogue.database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
    }

    /// A folder on a disk that was full from the beginning, or is read-only.
    @Test func aDirectoryThatCannotBeMadeSaysWhy() throws {
        guard let disk = Disk(kibibytes: 64) else { return print("left out: no file system may be mounted here") }
        disk.fill()
        let full = #expect(throws: StoreFailure.self) { try DataDirectory(disk.path + "/data") }
        #expect(full?.kind == .full)
        disk.makeRoom()
        do { _ = try DataDirectory(disk.path + "/data") }
        // A child of another test may hold a copy of our descriptors until it runs its program.
        var tries = 200
        while mount(nil, disk.path, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) != 0, errno == EBUSY, tries > 0 {
            usleep(50_000)
            tries -= 1
        }
        #expect(tries > 0)
        let readOnly = #expect(throws: StoreFailure.self) { try DataDirectory(disk.path + "/data") }
        #expect(readOnly?.kind == .readOnly)
        #expect(readOnly?.message.contains("Read-only file system") == true)
    }

    /// A turn that fits only in part: the part is cut off again.
    @Test func aShortWriteLeavesNoHalfLine() throws {
        guard let disk = Disk(kibibytes: 512) else { return print("left out: no file system may be mounted here") }
        let directory = try DataDirectory(disk.path + "/data")
        let keeper = LogKeeper(SegmentWriter(directory, loop: 0))
        let live = Live(1)
        let kept = try keeper.keep(live.id, epoch: 1, origin: nil, from: live)
        keeper.changed(kept)
        keeper.flush()
        for _ in 0..<1000 { live.say(String(repeating: "y", count: 1000)) }
        keeper.changed(kept)
        keeper.flush()
        #expect(keeper.failure?.kind == .full)
        #expect(kept.keptSequence == 2)
        let found = try Found(directory)
        #expect(found.recovery.unfinished.map(\.log.lastSequence) == [2])
        #expect(found.recovery.reports.allSatisfy { !$0.isDamaged && $0.tornAt == nil })
    }
}
