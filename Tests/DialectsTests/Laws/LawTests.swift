import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The two laws of a log and its encoders, over random programs of events.
struct LawTests {
    static let programs = isLong ? 1000 : 400

    static func program(_ seed: Int) -> LawProgram {
        LawProgram(seed: seed, choices: seed % 5 < 3 ? 1 : seed % 5 - 1)
    }

    @Test func theGrammarHoldsAndEverythingComesUp() throws {
        var kinds: Set<String> = []
        for seed in 1...Self.programs {
            let log = Self.program(seed).log
            try log.checkGrammar()
            for seen in log.seen() {
                kinds.insert(seen.delta.map { "\($0.kind) delta" } ?? "\(String(describing: seen.event).prefix(60))")
            }
        }
        #expect(kinds.count > 14)
    }

    /// fold(merge(E)) = fold(E)
    @Test func mergingNeverChangesTheFold() {
        for seed in 1...Self.programs {
            let log = Self.program(seed).log
            for merge in [3, 20, 1 << 20] {
                var fold = GenerationFold()
                var cursor = LogCursor()
                while log.read(&cursor, merge: merge, { fold.apply($0, $1) }) {}
                if fold != log.fold() { Issue.record("seed \(seed), merged up to \(merge) bytes") }
            }
        }
    }

    /// With `FRESHET_LONG` set each program is written in all ways and cut at every frame's end; else in one way, and
    /// cut twice.
    static let isLong = ProcessInfo.processInfo.environment["FRESHET_LONG"] != nil

    /// Readers hold a cursor at every event, Chat readers at a frame's end.
    private static func cuts(_ program: LawProgram, _ dialect: LawStream.Dialect) -> [UInt64] {
        let ends = dialect == .chat ? program.frameEnds.dropLast() : Array(0..<program.log.lastSequence)[...]
        return isLong ? Array(ends) : [ends[program.seed % ends.count], ends[program.seed * 7 % ends.count]]
    }

    /// A reader far behind and one that was cut off understand what a reader from the beginning understands.
    @Test(arguments: LawStream.Dialect.allCases)
    func everyReaderUnderstandsTheSame(_ dialect: LawStream.Dialect) throws {
        var streams = 0
        for seed in 1...Self.programs {
            let program = Self.program(seed)
            let ways = Self.isLong ? LawStream.all.filter { $0.dialect == dialect } : [LawStream(dialect, seed: seed)]
            for stream in ways { streams += try compare(stream, program) }
        }
        print("laws, \(dialect.rawValue): \(Self.programs) programs, \(streams) streams")
    }

    /// - Returns: How many streams were read.
    private func compare(_ stream: LawStream, _ program: LawProgram) throws -> Int {
        let whole = try stream.read([stream.whole(program)])
        var variants = [("merged", [stream.whole(program, merge: program.seed.isMultiple(of: 4) ? 3 : 1 << 20)])]
        for end in Self.cuts(program, stream.dialect) {
            variants.append(("resumed \(end)", stream.resumed(program, after: end)))
            variants.append(("resumed \(end), merged", stream.resumed(program, after: end, merge: 1 << 20)))
        }
        if !whole.broken.isEmpty { Issue.record("seed \(program.seed) \(stream): \(whole.broken)") }
        for (name, parts) in variants {
            let message = try stream.read(parts)
            if message != whole { Issue.record("seed \(program.seed) \(stream) \(name)\n\(whole)\n\(message)") }
        }
        expect(stream, program, whole)
        return variants.count + 1
    }

    /// What was understood is what was said.
    private func expect(_ stream: LawStream, _ program: LawProgram, _ message: LawMessage) {
        let said = LawExpectation(program.log, to: stream.dialect)
        switch stream.dialect {
        case .native: break
        case .simple: return
        case .chat: guard program.choices == 1 else { return }
        // What waits when an answer fails is not sent.
        case .anthropic, .gemini: guard message.outcome == "ended" else { return }
        }
        for (choice, answer) in said.answers {
            let understood = message.answers[choice] ?? LawMessage.Answer()
            if understood.text != answer.text || understood.reasoning != answer.reasoning
                || understood.refusal != answer.refusal || understood.calls != answer.calls
            {
                Issue.record("seed \(program.seed) \(stream)\n\(answer)\n\(understood)")
            }
        }
    }

    /// Writes the programs for readers in other languages to judge, one JSON object a line, to the file that
    /// `FRESHET_LAWS` names.
    @Test func writesTheProgramsForOtherReaders() throws {
        guard let name = ProcessInfo.processInfo.environment["FRESHET_LAWS"] else { return }
        var lines: [UInt8] = []
        for seed in 1...Self.programs {
            let program = LawProgram(seed: seed, choices: 1)
            for dialect in LawStream.Dialect.allCases {
                let stream = LawStream(dialect, seed: seed)
                LawLine(program, stream).write(into: &lines)
            }
        }
        try Data(lines).write(to: URL(filePath: name))
        print("laws: \(Self.programs) programs in \(LawStream.Dialect.allCases.count) dialects written")
    }
}
