import Foundation
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

struct LogLineTests {
    static let isLong = ProcessInfo.processInfo.environment["FRESHET_LONG"] != nil

    /// The log's lines, written in pieces as turns would.
    static func file(_ program: LineProgram, limit: Int = .max) -> [UInt8] {
        var writer = LogLineWriter(generation: LineProgram.generation, origin: program.origin)
        var out: [UInt8] = []
        while writer.lastSequence < program.log.visibleSequence {
            writer.append(from: program.log, limit: limit, to: &out)
        }
        return out
    }

    @Test func aRestoredLogIsTheSameEventByEvent() throws {
        for seed in 1...(Self.isLong ? 20_000 : 400) {
            let program = LineProgram(seed: seed)
            let read = ReadLines(Self.file(program, limit: seed % 2 == 0 ? .max : 1))
            #expect(read.damages.isEmpty && read.torn.isEmpty, "seed \(seed)")
            if read.restored.log.seen() != program.log.seen() { Issue.record("seed \(seed)") }
            #expect(read.restored.origin == program.origin, "seed \(seed)")
            #expect(read.restored.log.fold() == program.log.fold(), "seed \(seed)")
        }
    }

    /// Turns end anywhere, also in the middle of a run.
    @Test func linesOfManyTurnsMakeTheSameLog() {
        for seed in 1...200 {
            let whole = LineProgram(seed: seed).log
            var (log, writer, out) = (
                GenerationLog(), LogLineWriter(generation: .sample, origin: LineProgram.origin(seed)), [UInt8]()
            )
            var cursor = LogCursor()
            while whole.read(&cursor, { log.append($0, $1) }) {
                if cursor.next % 3 == 0 { writer.append(from: log, to: &out) }
            }
            writer.append(from: log, to: &out)
            #expect(ReadLines(out).restored.log.seen() == whole.seen(), "seed \(seed)")
        }
    }

    /// A process wrote up to some event and could not tell how far it came: the next begins earlier.
    @Test func whatIsWrittenTwiceIsReadOnce() {
        for seed in 1...100 {
            let program = LineProgram(seed: seed)
            let (first, last) = (UInt64(seed) % 20 + 1, program.log.lastSequence)
            var writer = LogLineWriter(generation: .sample, origin: program.origin, after: last - first)
            var out = Self.file(program)
            writer.append(from: program.log, to: &out)
            let read = ReadLines(out)
            #expect(read.restored.log.seen() == program.log.seen(), "seed \(seed)")
            #expect(read.steps.last == .repeated)
        }
    }

    @Test func chunkingNeverChangesTheLines() {
        let program = LineProgram(seed: 8)
        var file = Self.file(program)
        file[file.count / 2] ^= 1
        let whole = ReadLines(file)
        for plan in Chunking.plans(count: file.count, random: 20) {
            let read = ReadLines(file, plan: plan)
            if read.lines != whole.lines || read.damages.map(\.offset) != whole.damages.map(\.offset) {
                Issue.record("\(plan.prefix(3))…")
            }
        }
    }

    /// What a killed process leaves: any prefix of its file.
    @Test func everyPrefixKeepsItsWholeLines() {
        let file = Self.file(LineProgram(seed: 5, events: 25))
        let whole = ReadLines(file)
        for count in 0...file.count {
            let prefix = Array(file[..<count])
            let read = ReadLines(prefix)
            let ends = prefix.count { $0 == 0x0A }
            #expect(read.lines == Array(whole.lines[..<ends]), "\(count) bytes")
            #expect(read.damages.isEmpty && read.torn.count == (prefix.isEmpty || prefix.last == 0x0A ? 0 : 1))
        }
    }

    @Test func damageCostsOnlyTheLinesItIsIn() {
        for seed in 1...(Self.isLong ? 20_000 : 500) {
            var numbers = SeededGenerator(seed: UInt64(seed))
            let file = Self.file(LineProgram(seed: seed % 40, events: 25))
            let whole = ReadLines(file)
            var damaged = file
            let at = Int.random(in: 0..<file.count, using: &numbers)
            let byte = seed % 7 == 0 ? 0x0A : UInt8.random(in: 0...255, using: &numbers)
            guard damaged[at] != byte else { continue }
            damaged[at] = byte
            let read = ReadLines(damaged)
            let starts = [0] + file.indices.filter { file[$0] == 0x0A }.map { $0 + 1 }
            let line = (starts.lastIndex { $0 <= at })!
            var expected = whole.lines
            if file[at] == 0x0A, at < file.count - 1 {
                #expect(read.lines == expected, "seed \(seed): the line feed alone was damaged")
            } else {
                // Behind the last line nothing tells a damaged line feed from one that was never written.
                expected.remove(at: line)
                #expect(read.lines == expected, "seed \(seed)")
            }
            if at < file.count - 1 {
                // A line feed in place of a line's first byte leaves an empty line and the damaged rest.
                let found = read.damages.contains {
                    $0.offset <= UInt64(at) + 1 && UInt64(at) <= $0.offset + UInt64($0.bytes)
                }
                #expect(found, "seed \(seed)")
            }
        }
    }

    /// Whatever stands in a file: clean pieces, never a trap.
    @Test func noBytesTrap() {
        for seed in 1...(Self.isLong ? 50_000 : 1000) {
            var numbers = SeededGenerator(seed: UInt64(seed))
            var file = Self.file(LineProgram(seed: seed % 50, events: 12))
            for _ in 0..<Int.random(in: 1...12, using: &numbers) {
                let at = Int.random(in: 0..<file.count, using: &numbers)
                switch seed % 4 {
                case 0: file[at] = UInt8.random(in: 0...255, using: &numbers)
                case 1: file.remove(at: at)
                case 2: file.insert(contentsOf: file[at..<min(file.count, at + 40)], at: at / 2)
                default: file.removeSubrange(at..<min(file.count, at + 60))
                }
                if file.isEmpty { break }
            }
            _ = ReadLines(file, limit: 5000)
        }
    }

    /// Lines whose sum is right but whose members are not: another program wrote them.
    @Test func strangeLinesTrapNeither() throws {
        let starts = [
            #"{"type":"text-delta","seq":9,"from":1,"block":0,"delta":"abc","ends":[1,2]"#,
            #"{"type":"text-delta","seq":2,"from":1,"block":0,"delta":"abc","ends":[9,3]"#,
            #"{"type":"text-delta","seq":2,"from":1,"block":0,"delta":"abc","ends":[3,2]"#,
            #"{"type":"text-delta","seq":9223372036854775807,"from":1,"block":0,"delta":"abc","ends":[-1]"#,
            #"{"type":"text-delta","seq":1,"block":0,"delta":"abc","extras":{"dialect":"openai-chat","hex":"0"}"#,
            #"{"type":"notice","seq":2,"from":1,"code":"a","message":"b""#,
            #"{"type":"notice","seq":1,"code":"a","message":"b","origin":{"owner":7}"#,
        ]
        for start in starts {
            var line = Array((start + #","generation":"\#(GenerationID.sample)""#).utf8)
            LineSum.close(&line, from: 0)
            #expect(LogLine.generation(of: line.span.extracting(0..<line.count - 1)) == .sample)
            #expect(throws: NativeEventError.self, "\(start)") {
                try LogLine(parsing: line.span.extracting(0..<line.count - 1))
            }
        }
    }

    @Test func aGapIsToldAndNothingBehindItIsTaken() throws {
        let program = LineProgram(seed: 4)
        let lines = ReadLines(Self.file(program)).lines
        var restored = RestoredLog(generation: .sample)
        for (place, line) in lines.enumerated() where place != 3 { restored.apply(try LogLine(parsing: line.span)) }
        #expect(restored.hasGap)
        #expect(restored.lastSeen == program.log.lastSequence)
        let known = Int(restored.log.lastSequence)
        #expect(restored.log.seen() == Array(program.log.seen()[..<known]))
    }

    /// Another language checks a line with its own zlib.
    @Test func sumsAreThoseOfZlib() {
        #expect(CRC32.sum(of: Array("123456789".utf8).span) == 0xCBF4_3926)
        #expect(CRC32.sum(of: [UInt8]().span) == 0)
        #expect(CRC32.sum(of: Array("The quick brown fox jumps over the lazy dog".utf8).span) == 0x414F_A339)
    }

    @Test func aLineIsTheNativeFormWithMore() throws {
        var log = GenerationLog(texts: ["Hel", "lo"])
        log.append(.generationEnd(GenerationEnd(outcome: .finished)))
        var (writer, out) = (LogLineWriter(generation: .sample, origin: nil), [UInt8]())
        writer.append(from: log, to: &out)
        let line = String(decoding: out, as: UTF8.self).split(separator: "\n")[2]
        #expect(
            line.hasPrefix(
                #"{"type":"text-delta","seq":4,"from":3,"block":0,"delta":"Hello","ends":[3,5],"generation":"gen_01kagvpn"#
            ))
    }
}

extension GenerationLog {
    /// Appends one event as another log lent it.
    mutating func append(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        switch item.body {
        case .event(let event): append(event, extras: item.extras, endsFrame: item.endsFrame)
        case .delta(let block, let kind):
            appendDelta(block: block, kind: kind, extras: item.extras, endsFrame: item.endsFrame) { out in
                payload.withUnsafeBufferPointer { out += $0 }
            }
        }
    }
}
