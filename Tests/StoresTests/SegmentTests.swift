import Foundation
import FreshetGeneration
import Testing

@testable import FreshetStores

struct SegmentTests {
    /// What a test needs to keep logs in a folder.
    final class Bench {
        let folder = Folder()
        let directory: DataDirectory
        let writer: SegmentWriter
        let keeper: LogKeeper

        init(size: Int = SegmentWriter.standardSize) throws {
            directory = try DataDirectory(folder.data)
            writer = SegmentWriter(directory, loop: 0, size: size)
            keeper = LogKeeper(writer)
        }

        func keep(_ live: Live) throws -> KeptLog {
            let kept = try keeper.keep(live.id, epoch: 1, origin: GenerationOrigin(owner: "o"), from: live)
            keeper.changed(kept)
            return kept
        }

        var files: [String] { folder.names("data/segments") }
    }

    @Test func whatWasFlushedIsFound() throws {
        let bench = try Bench()
        let (one, two) = (Live(1), Live(2))
        let kept = try [bench.keep(one), bench.keep(two)]
        for turn in 0..<10 {
            one.say("\(turn) ")
            if turn % 2 == 0 { two.say("x") }
            for log in kept { bench.keeper.changed(log) }
            bench.keeper.flush()
        }
        two.end()
        bench.keeper.changed(kept[1])
        #expect(kept[1].isBehind)
        bench.keeper.flush()
        #expect(!kept[1].isBehind && kept[1].keptSequence == two.log.lastSequence)
        let found = try Found(bench.directory)
        #expect(found.recovery.unfinished.map(\.generation) == [one.id])
        #expect(found.recovery.unfinished.map(\.text) == ["0 1 2 3 4 5 6 7 8 9 "])
        #expect(found.recovery.unfinished.map(\.origin) == [GenerationOrigin(owner: "o")])
        #expect(found.ended.map(\.text) == ["xxxxx"])
        #expect(!found.recovery.reports.contains { $0.isDamaged || $0.tornAt != nil })
        #expect(bench.folder.mode("data/segments/" + bench.files[0]) == 0o600)
        #expect(bench.folder.mode("data/segments") == 0o700)
    }

    @Test func aFileGoesWhenNobodyNeedsIt() throws {
        let bench = try Bench(size: 4000)
        let lives = (0..<6).map { Live($0) }
        for live in lives {
            let kept = try bench.keep(live)
            for _ in 0..<10 {
                live.say(String(repeating: "a", count: 100))
                bench.keeper.changed(kept)
                bench.keeper.flush()
            }
            live.end()
            bench.keeper.changed(kept)
            bench.keeper.flush()
        }
        let before = bench.files
        #expect(before.count >= 3)
        for live in lives.dropFirst() { bench.writer.release(live.id) }
        #expect(bench.files.first == before.first, "the first generation still needs its file")
        bench.writer.release(lives[0].id)
        #expect(bench.files == [before.last!], "the one being written stays")
        bench.writer.close()
        #expect(bench.files == [])
    }

    @Test func onlyTheNewestProducerAppends() throws {
        let bench = try Bench()
        let live = Live(1)
        let old = try bench.keep(live)
        bench.keeper.flush()
        let newer = try bench.keeper.keep(live.id, epoch: 2, origin: nil, after: 2, from: live)
        live.say("a")
        bench.keeper.changed(old)
        bench.keeper.changed(newer)
        bench.keeper.flush()
        #expect(old.refusal == .staleEpoch(current: 2))
        #expect(newer.refusal == nil && newer.keptSequence == 3)
        #expect(throws: LogStoreRefusal.staleEpoch(current: 2)) { try bench.writer.open(live.id, epoch: 1, after: 3) }
        #expect(throws: LogStoreRefusal.unexpectedSequence(expected: 4)) {
            try bench.writer.append(live.id, epoch: 2, expectedSequence: 3) { _ in 3 }
        }
        #expect(throws: LogStoreRefusal.unexpectedSequence(expected: 4)) {
            try bench.writer.append(live.id, epoch: 2, expectedSequence: 5) { _ in 5 }
        }
        #expect(throws: LogStoreRefusal.notOpen) {
            try bench.writer.append(Live(2).id, epoch: 2, expectedSequence: 1) { _ in 1 }
        }
    }

    @Test func aSuccessorGoesOnInFilesOfItsOwn() throws {
        let folder = Folder()
        let live = Live(1)
        for epoch in 1...3 as ClosedRange<UInt64> {
            let directory = try DataDirectory(folder.data)
            #expect(directory.epoch == epoch)
            let found = try Found(directory)
            let known = found.recovery.unfinished.first?.log.lastSequence ?? 0
            #expect(known == (epoch == 1 ? 0 : live.log.lastSequence))
            let keeper = LogKeeper(SegmentWriter(directory, loop: 0))
            let kept = try keeper.keep(
                live.id, epoch: epoch, origin: GenerationOrigin(owner: "o"), after: known, from: live)
            live.say("\(epoch)")
            keeper.changed(kept)
            keeper.flush()
        }
        let found = try Found(try DataDirectory(folder.data))
        #expect(found.recovery.unfinished.map(\.text) == ["123"])
        #expect(found.recovery.holdings.paths.count == 3)
        var holdings = found.recovery.holdings
        #expect(holdings.released(live.id).count == 3)
    }

    @Test func anOpenFileGoesWhenItIsTidiedUp() throws {
        let bench = try Bench()
        let (one, two) = (Live(1), Live(2))
        let kept = try (bench.keep(one), bench.keep(two))
        bench.keeper.flush()
        bench.keeper.release(kept.0)
        bench.writer.tidy(leavesFile: false)
        two.say("in the same file")
        bench.keeper.changed(kept.1)
        bench.keeper.flush()
        #expect(bench.files.count == 1, "somebody needs it")
        bench.writer.tidy(leavesFile: true)
        two.say("in another file")
        bench.keeper.changed(kept.1)
        bench.keeper.flush()
        #expect(bench.files.count == 2)
        bench.keeper.release(kept.1)
        bench.writer.tidy(leavesFile: false)
        #expect(bench.files.isEmpty)
    }

    @Test func foldedGenerationsArePassedOver() throws {
        let bench = try Bench()
        let (one, two) = (Live(1), Live(2))
        one.end()
        two.end()
        _ = try (bench.keep(one), bench.keep(two))
        bench.keeper.flush()
        let found = try Found(bench.directory, folded: [one.id])
        #expect(found.ended.map(\.generation) == [two.id])
        var holdings = found.recovery.holdings
        #expect(holdings.released(two.id).count == 1)
    }

    @Test func damageIsReportedAndCostsOnlyWhatItHit() throws {
        let bench = try Bench()
        let lives = (0..<5).map { Live($0) }
        for live in lives {
            _ = try bench.keep(live)
            live.say("text of \(live.id)")
            live.end()
            bench.keeper.flush()
        }
        let name = "data/segments/" + bench.files[0]
        var bytes = bench.folder.bytes(name)
        let places = bytes.indices.filter { bytes[$0...].starts(with: Array("text of".utf8)) }
        bytes[places[2]] ^= 0xFF
        bench.folder.write(name, bytes)
        let found = try Found(bench.directory)
        #expect(found.ended.map(\.generation) == [0, 1, 3, 4].map { lives[$0].id })
        #expect(found.recovery.unfinished.map(\.hasGap) == [true])
        #expect(found.recovery.unfinished.map(\.lastSeen) == [5])
        let report = try #require(found.recovery.reports.first)
        #expect(report.isDamaged && report.damageCount == 1 && report.path.hasSuffix(bench.files[0]))
        let damage = report.damages[0]
        #expect((Int(damage.offset)..<Int(damage.offset) + damage.bytes).contains(places[2]))
    }
}
