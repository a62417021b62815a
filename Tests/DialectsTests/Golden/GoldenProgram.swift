import Foundation
import FreshetGeneration
import FreshetTestSupport
import Testing

/// A script of events in `Tests/Fixtures/dialects/programs`, in the native form, for encoders to write.
struct GoldenProgram: CustomTestStringConvertible, Sendable {
    static let folder = Corpus.project.appending(path: "Tests/Fixtures/dialects")

    let name: String
    let lines: String
    let log: GenerationLog

    var testDescription: String { name }

    static let all: [GoldenProgram] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "programs").path)
        return (names ?? []).sorted().compactMap { try? GoldenProgram($0) }
    }()

    private init(_ file: String) throws {
        name = String(file.prefix { $0 != "." })
        lines = try String(contentsOf: Self.folder.appending(path: "programs/" + file), encoding: .utf8)
        var log = GenerationLog()
        for line in lines.split(separator: "\n") {
            let native = try NativeEvent(parsing: line.utf8.span)
            guard let event = native.event, native.sequence == log.lastSequence + 1 else {
                throw NativeEventError.missing("seq")
            }
            log.append(event)
        }
        self.log = log
    }
}
