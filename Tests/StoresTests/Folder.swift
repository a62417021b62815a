import Foundation
import FreshetGeneration

@testable import FreshetStores

/// A folder that goes with the test.
final class Folder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "freshet-stores-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var data: String { path + "/data" }

    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)) ?? []).sorted()
    }

    func bytes(_ name: String) -> [UInt8] {
        FileManager.default.contents(atPath: path + "/" + name).map { [UInt8]($0) } ?? []
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(bytes))
    }

    func mode(_ name: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path + "/" + name))?[.posixPermissions] as? Int
    }
}

/// A log in memory, as a running generation has it.
final class Live: LogSource {
    let id: GenerationID
    var log = GenerationLog()

    init(_ number: UInt64) {
        id = GenerationID(milliseconds: 1_763_650_000_000, random: (0, number))
        log.append(.generationStart(GenerationStart(id: id, model: "m", createdMilliseconds: id.milliseconds)))
        log.append(.blockStart(BlockStart(block: 0, kind: .text)))
    }

    func say(_ text: String) { log.append(.blockDelta(block: 0, kind: .text, text: text)) }

    func end() {
        log.append(.blockEnd(block: 0, kind: .text))
        log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: .stop)))
    }
}

/// What a start finds.
struct Found {
    var recovery: Recovery
    var ended: [RestoredLog] = []

    init(_ directory: DataDirectory, folded: Set<GenerationID> = []) throws {
        var ended: [RestoredLog] = []
        recovery = try Recovery(directory, isFolded: { folded.contains($0) }, ended: { ended.append($0) })
        self.ended = ended
    }
}

extension RestoredLog {
    var text: String { log.fold().blocks.first?.text ?? "" }
}
