import FreshetGeneration
import FreshetStores
import Glibc

/// What keeping a token costs: as a line in memory, and with the `write(2)` that keeps it.
///
/// ```
/// store-work lines DIR
/// ```
enum LineCost {
    private static let tokens = 200_000

    private final class Source: LogSource {
        var log = GenerationLog()
    }

    static func run(_ arguments: [String]) {
        let folder = (arguments.first ?? ".") + "/store-work.data"
        Timing.head(["ns CPU a token", "into a line", "kept", "bytes a token", "read back"])
        for batch in [1, 4, 50] {
            do {
                let inLines = lines(batch)
                let (kept, bytes) = try kept(batch, folder)
                Timing.row([
                    "\(batch) token\(batch > 1 ? "s" : "") a turn", "\(inLines)", "\(kept)", "\(bytes)",
                    "\(readBack(batch))",
                ])
            } catch { print("\(error)") }
        }
    }

    private static let extras = Extras(dialect: .openAIChat, bytes: Array(#""system_fingerprint":"fp_1""#.utf8))
    private static let id = GenerationID(milliseconds: 1_763_650_000_000, random: (1, 2))

    private static func begun() -> Source {
        let source = Source()
        source.log.append(.generationStart(GenerationStart(id: id, model: "m", createdMilliseconds: 0)))
        source.log.append(.blockStart(BlockStart(block: 0, kind: .text)))
        return source
    }

    private static func say(_ batch: Int, _ source: Source) {
        for _ in 0..<batch {
            source.log.appendDelta(block: 0, kind: .text, extras: extras) { $0 += " t1000000".utf8 }
        }
    }

    /// The best of five: another process can only make a run longer.
    private static func best(_ work: () -> UInt64) -> UInt64 { (0..<5).map { _ in work() }.min() ?? 0 }

    private static func lines(_ batch: Int) -> UInt64 {
        best {
            let source = begun()
            var (writer, out, spent) = (LogLineWriter(generation: id, origin: nil), [UInt8](), UInt64(0))
            for _ in 0..<tokens / batch { say(batch, source) }
            let log = source.log
            // As a turn writes it: the log ends where the turn did.
            var shown = GenerationLog()
            var cursor = LogCursor()
            while log.read(&cursor, { shown.append($0, $1) }) {
                guard shown.lastSequence % UInt64(batch) == 0 else { continue }
                let start = Timing.threadTime()
                writer.append(from: shown, to: &out)
                spent += Timing.threadTime() - start
                if out.count > 64 << 10 { out.removeAll(keepingCapacity: true) }
            }
            let clock = Timing.threadTime()
            for _ in 0..<1000 { _ = Timing.threadTime() }
            let reading = (Timing.threadTime() - clock) / 1001
            return (spent - min(spent, reading * UInt64(tokens / batch))) / UInt64(tokens)
        }
    }

    private static func kept(_ batch: Int, _ folder: String) throws -> (UInt64, UInt64) {
        var bytes: UInt64 = 0
        var failure: (any Error)?
        let spent = best {
            do {
                let directory = try DataDirectory(folder)
                let writer = SegmentWriter(directory, loop: 0)
                let keeper = LogKeeper(writer)
                let source = begun()
                let kept = try keeper.keep(id, epoch: directory.epoch, origin: nil, from: source)
                let plain = time { for _ in 0..<tokens / batch { say(batch, source) } }
                source.log = begun().log
                let all = time {
                    for _ in 0..<tokens / batch {
                        say(batch, source)
                        keeper.changed(kept)
                        keeper.flush()
                    }
                }
                bytes = UInt64(kept.takenBytes) / UInt64(tokens)
                keeper.release(kept)
                writer.close()
                return (all - min(all, plain)) / UInt64(tokens)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return (spent, bytes)
    }

    private static func readBack(_ batch: Int) -> UInt64 {
        let source = begun()
        var (writer, out) = (LogLineWriter(generation: id, origin: nil), [UInt8]())
        for _ in 0..<tokens / batch {
            say(batch, source)
            writer.append(from: source.log, to: &out)
        }
        return best {
            var (splitter, restored) = (LogLineSplitter(), RestoredLog(generation: id))
            let spent = time {
                splitter.receive(out.span)
                while splitter.next({ _, _, line in
                    if let line = try? LogLine(parsing: line) { restored.apply(line) }
                }) {}
            }
            precondition(restored.log.lastSequence == source.log.lastSequence)
            return spent / UInt64(tokens)
        }
    }

    private static func time(_ work: () -> Void) -> UInt64 {
        let start = Timing.threadTime()
        work()
        return Timing.threadTime() - start
    }
}

extension GenerationLog {
    fileprivate mutating func append(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        switch item.body {
        case .event(let event): append(event, extras: item.extras, endsFrame: item.endsFrame)
        case .delta(let block, let kind):
            appendDelta(block: block, kind: kind, extras: item.extras, endsFrame: item.endsFrame) { out in
                payload.withUnsafeBufferPointer { out += $0 }
            }
        }
    }
}
