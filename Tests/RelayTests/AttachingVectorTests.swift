import Foundation
import FreshetGeneration
import FreshetRelay
import FreshetTestSupport
import Testing

/// `Tests/Fixtures/protocol/attaching.json`: what becomes of a reader that comes back.
struct AttachingVectorTests {
    struct Table: Decodable {
        let readers: [Reader]
        let absent: [Absent]
    }

    struct Reader: Decodable {
        let after: UInt64
        let last: UInt64
        let ended: Bool
        let answer: String
        let from: UInt64?
    }

    struct Absent: Decodable {
        let id: String
        let now: UInt64
        let answer: String
    }

    static func table() throws -> Table {
        let file = Corpus.project.appending(path: "Tests/Fixtures/protocol/attaching.json")
        return try JSONDecoder().decode(Table.self, from: Data(contentsOf: file))
    }

    @Test func readers() throws {
        for row in try Self.table().readers {
            let answer = Attaching(after: row.after, last: row.last, hasEnded: row.ended)
            switch row.answer {
            case "204": #expect(answer == .complete)
            case "400": #expect(answer == .ahead(last: row.last))
            default:
                let from = try #require(row.from)
                #expect(answer == .follow(after: from - 1))
            }
        }
    }

    @Test func whatIsNotThere() throws {
        for row in try Self.table().absent {
            let id = try #require(GenerationID(row.id))
            let absence = Absence(of: id, at: row.now, retention: 24 * 3600 * 1000)
            #expect(absence == (row.answer == "410" ? .gone : .unknown), "\(row.id) at \(row.now)")
        }
    }
}
