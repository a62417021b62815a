import Foundation
import FreshetEventStreams
import FreshetTestSupport
import Testing

/// `Tests/Fixtures/protocol/frames.json`: the frames in a body, be it cut.
struct FrameVectorTests {
    struct Table: Decodable {
        let eventStreams: [Stream]
        let jsonLines: [Lines]
    }

    struct Stream: Decodable {
        struct Frame: Decodable {
            let event: String?
            let id: String
            let data: String
        }

        let bytes: String
        let frames: [Frame]
        let id: String
        let retry: Int64?
    }

    struct Lines: Decodable {
        let bytes: String
        let lines: [String]
    }

    static func table() throws -> Table {
        let file = Corpus.project.appending(path: "Tests/Fixtures/protocol/frames.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Table.self, from: Data(contentsOf: file))
    }

    @Test func eventStreams() throws {
        for row in try Self.table().eventStreams {
            let input = Array(row.bytes.utf8)
            for plan in Chunking.plans(count: input.count) {
                let seen = decode(input, plan)
                let events = seen.filter { if case .event = $0 { true } else { false } }
                let wanted = row.frames.map {
                    Seen.event(type: $0.event ?? "", data: Array($0.data.utf8), id: Array($0.id.utf8))
                }
                #expect(events == wanted)
                #expect(seen.last == .state(retry: row.retry, id: Array(row.id.utf8)))
            }
        }
    }

    @Test func jsonLines() throws {
        for row in try Self.table().jsonLines {
            let input = Array(row.bytes.utf8)
            for plan in Chunking.plans(count: input.count) {
                var (decoder, lines) = (JSONLinesDecoder(), [String]())
                for range in plan {
                    decoder.receive(input.span.extracting(range))
                    while let line = try decoder.next() {
                        lines.append(String(decoding: decoder.bytes[line], as: UTF8.self))
                    }
                }
                #expect(lines.map { $0.trimmingCharacters(in: .whitespaces) } == row.lines)
            }
        }
    }
}
