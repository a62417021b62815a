import Foundation
import FreshetGeneration
import FreshetTestSupport
import Testing

@testable import FreshetStores

/// A process that appends is killed at a random moment: whatever a reader may have seen by then is found.
struct KilledWriterTests {
    static let rounds = ProcessInfo.processInfo.environment["FRESHET_LONG"] == nil ? 50 : 1000
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "store-work")

    @Test func nothingThatWasSeenIsLost() throws {
        let folder = Folder()
        var numbers = SeededGenerator(seed: 7)
        var (seenEvents, torn) = (0, 0)
        for round in 1...Self.rounds {
            let seen = try Self.appendAndKill(folder, after: UInt32.random(in: 200...30_000, using: &numbers))
            let directory = try DataDirectory(folder.data)
            #expect(!directory.wasClean && directory.epoch == UInt64(round * 2))
            let found = try Found(directory)
            for (id, sequence) in seen {
                let restored = found.recovery.unfinished.first { $0.generation.description == id }
                let last = restored?.log.lastSequence ?? 0
                if last < sequence { Issue.record("round \(round): \(id) \(last) < \(sequence)") }
                seenEvents += Int(sequence)
            }
            for restored in found.recovery.unfinished where restored.text != Self.expected(restored) {
                Issue.record("round \(round): \(restored.generation) holds another text")
            }
            #expect(!found.recovery.reports.contains { $0.isDamaged })
            torn += found.recovery.reports.count { $0.tornAt != nil }
            for path in found.recovery.holdings.paths { unlink(path) }
        }
        print("killed \(Self.rounds) times: \(seenEvents) events seen, \(torn) files torn")
        #expect(seenEvents > 0)
    }

    /// The same with everything that a gateway does, killed while it opens what the last one left as well.
    @Test func everyGenerationIsFoundHoweverOftenItIsKilled() throws {
        let folder = Folder()
        var numbers = SeededGenerator(seed: 9)
        var seen: [String: UInt64] = [:]
        for round in 1...Self.rounds {
            let isBefore = round % 2 == 0
            let pause = UInt32.random(in: 200...(isBefore ? 15_000 : 60_000), using: &numbers)
            let told = try Self.appendAndKill(folder, as: "live", after: pause, whileOpening: isBefore)
            seen.merge(told) { max($0, $1) }
        }
        let opening = try Opening(folder.data, now: 7) { _ in [] }
        #expect(opening.lost.isEmpty && opening.damaged.isEmpty)
        var unfinished: [GenerationID: GenerationLog] = [:]
        for restored in opening.unfinished { unfinished[restored.generation] = restored.log }
        for (id, sequence) in seen {
            let generation = try #require(GenerationID(id))
            let log = try unfinished[generation] ?? opening.database.log(of: generation)?.log
            let last = log?.lastSequence ?? 0
            if last < sequence { Issue.record("\(id): \(last) < \(sequence)") }
        }
        #expect(try opening.database.database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
        print("killed \(Self.rounds) times, half of them while opening: \(seen.count) generations seen and found")
        #expect(!seen.isEmpty)
    }

    /// - Returns: The last event that was told of each generation.
    static func appendAndKill(
        _ folder: Folder, as work: String = "append", after microseconds: UInt32, whileOpening: Bool = false
    ) throws -> [String: UInt64] {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = program
        process.arguments = [work, folder.data]
        process.standardOutput = pipe
        try process.run()
        // Once it has begun to tell.
        var told = whileOpening ? Data() : pipe.fileHandleForReading.availableData
        let killer = Thread {
            usleep(microseconds)
            kill(process.processIdentifier, SIGKILL)
        }
        killer.start()
        while true {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { break }
            told += more
        }
        process.waitUntilExit()
        var seen: [String: UInt64] = [:]
        for line in String(decoding: told, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        {
            let words = line.split(separator: " ")
            seen[String(words[0])] = UInt64(words[1])
        }
        return seen
    }

    /// The text that a generation of `store-work` has when it has so many events.
    static func expected(_ restored: RestoredLog) -> String {
        let place = (0..<20).first { number in
            restored.generation
                == GenerationID(milliseconds: restored.generation.milliseconds, random: (UInt16(number), 0))
        }!
        var (text, events) = ("", 2)
        for turn in 0... where (turn + place) % 3 == 0 {
            for part in 0...place {
                guard events < restored.log.lastSequence else { return text }
                text += "\(turn).\(part) "
                events += 1
            }
        }
        return text
    }
}
