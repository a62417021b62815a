import Foundation
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

@testable import FreshetGateway

/// `Tests/Fixtures/protocol/folds.json`: what a generation's document says of each program, whole and cut.
struct FoldVectorTests {
    static let fixtures = Corpus.project.appending(path: "Tests/Fixtures")

    /// The first events of a program.
    static func log(_ program: String, events: Int?) throws -> GenerationLog {
        let file = try Data(contentsOf: fixtures.appending(path: "dialects/programs/\(program).jsonl"))
        var log = GenerationLog()
        for line in file.split(separator: 0x0A).prefix(events ?? .max) {
            log.append(try #require(NativeEvent(parsing: [UInt8](line).span).event))
        }
        return log
    }

    @Test func foldsAreTheTables() throws {
        let table = try JSONValue(
            parsing: [UInt8](Data(contentsOf: Self.fixtures.appending(path: "protocol/folds.json"))))
        for row in try #require(table["folds"]?.arrayValue) {
            let program = try #require(row["program"]?.stringValue)
            let fold = try Self.log(program, events: row["events"]?.intValue).fold()
            let document = try #require(row["document"])
            let message = try JSONValue(parsing: GenerationDocument.message(of: fold))
            #expect(message == document["message"], "\(program)")
            #expect(fold.end?.outcome.rawValue ?? "running" == document["state"]?.stringValue)
            #expect(Int(fold.sequence) == document["seq"]?.intValue)
            let sums = fold.blocks.map { String(format: "%08x", $0.checksum) }
            #expect(sums == document["checksums"]?.arrayValue?.compactMap(\.stringValue) ?? [], "\(program)")
            let reason = fold.end?.finishReason ?? fold.finishes.first { $0.choice == 0 }?.reason
            #expect(reason?.wire == document["finish_reason"]?.stringValue, "\(program)")
            #expect(fold.usage?.inputTokens.map(Int.init) == document["usage"]?["input_tokens"]?.intValue)
            #expect(fold.usage?.outputTokens.map(Int.init) == document["usage"]?["output_tokens"]?.intValue)
            #expect(fold.end?.failure?.code.name == document["error"]?["code"]?.stringValue, "\(program)")
        }
    }
}
