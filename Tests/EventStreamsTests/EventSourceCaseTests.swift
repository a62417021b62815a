import Foundation
import FreshetEventStreams
import FreshetTestSupport
import Testing

/// The public conformance table for event streams.
struct EventSourceCaseTests {
    struct Table: Decodable { let cases: [Case] }

    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        struct Event: Decodable, Equatable {
            let type: String
            let data: String
            let lastEventId: String
        }
        let name: String
        let chunksBase64: [Data]
        let events: [Event]
        let retry: Int64?
        let lastEventId: String
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        guard let table = Corpus.bytes("eventsource/cases.json") else {
            print("event-stream cases: the corpus is not there, 0 run")
            return []
        }
        return (try? JSONDecoder().decode(Table.self, from: Data(table)))?.cases ?? []
    }()

    @Test func theTableIsWhole() {
        guard Corpus.root != nil else { return }
        print("event-stream cases: \(Self.cases.count)")
        #expect(Self.cases.count >= 56)
    }

    @Test(arguments: cases) func eventsAreDispatchedAsTheTableSays(_ test: Case) {
        let input = test.chunksBase64.flatMap { [UInt8]($0) }
        var own: [Range<Int>] = []
        for chunk in test.chunksBase64 {
            let start = own.last?.upperBound ?? 0
            own.append(start..<start + chunk.count)
        }
        let whole = decode(input, own)
        #expect(events(whole) == test.events)
        #expect(whole.last == .state(retry: test.retry, id: Array(test.lastEventId.utf8)))
        for plan in Chunking.plans(count: input.count) {
            #expect(decode(input, plan) == whole, "cut at \(plan.map(\.lowerBound).prefix(8))")
        }
    }

    private func events(_ seen: [Seen]) -> [Case.Event] {
        seen.compactMap {
            guard case .event(let type, let data, let id) = $0 else { return nil }
            return Case.Event(
                type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self),
                lastEventId: String(decoding: id, as: UTF8.self))
        }
    }
}
