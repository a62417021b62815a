import FreshetGeneration
import FreshetStores
import Glibc

/// Appends to 20 generations until it is killed, and says after each turn what a reader may have seen by then.
///
/// ```
/// store-work append DIR     prints lines: GENERATION SEQ
/// ```
enum Appending {
    private final class Source: LogSource {
        let id: GenerationID
        var log = GenerationLog()
        init(_ id: GenerationID) {
            self.id = id
            log.append(.generationStart(GenerationStart(id: id, model: "m", createdMilliseconds: id.milliseconds)))
            log.append(.blockStart(BlockStart(block: 0, kind: .text)))
        }
    }

    static func run(_ arguments: [String]) {
        do {
            let directory = try DataDirectory(arguments[0])
            let writer = SegmentWriter(directory, loop: 0, size: 64 << 10)
            let keeper = LogKeeper(writer)
            let sources = (0..<20).map { Source(GenerationID(milliseconds: directory.epoch, random: (UInt16($0), 0))) }
            let kept = try sources.map {
                try keeper.keep($0.id, epoch: directory.epoch, origin: GenerationOrigin(owner: "o"), from: $0)
            }
            for turn in 0... {
                var said = ""
                for (place, source) in sources.enumerated() where (turn + place) % 3 == 0 {
                    for part in 0...place {
                        source.log.append(.blockDelta(block: 0, kind: .text, text: "\(turn).\(part) "))
                    }
                    keeper.changed(kept[place])
                    said += "\(source.id) \(source.log.lastSequence)\n"
                }
                keeper.flush()
                if let failure = keeper.failure { throw failure }
                say(said, to: 1)
            }
        } catch {
            say("\(error)\n", to: 2)
            exit(1)
        }
    }

    private static func say(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else { exit(1) }
    }
}
