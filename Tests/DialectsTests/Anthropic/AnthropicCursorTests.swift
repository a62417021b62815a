import FreshetDialects
import FreshetGeneration
import Testing

/// Cursors of events that make several frames.
struct AnthropicCursorTests {
    /// The numbers in the ids that a reader gets for text of a block that begins, said by events that were merged.
    private static func places(from first: UInt64, to last: UInt64, taken: Int = 0) -> [String] {
        var fold = GenerationFold()
        let before: [GenerationEvent] = [
            .generationStart(.sample), .attempt(Attempt(route: "a/b", providerModel: "b", providerID: "msg_1")),
            .blockStart(BlockStart(block: 0, kind: .text)),
        ]
        let nothing: [UInt8] = []
        for (place, event) in before.enumerated() {
            let number = UInt64(place + 1)
            fold.apply(LoggedEvent(first: number, last: number, body: .event(event)), nothing.span)
        }
        var encoder = AnthropicEncoder(cursors: .sample, resuming: fold, taken: taken)
        var out: [UInt8] = []
        let text = Array("Hello".utf8)
        let merged = LoggedEvent(first: first, last: last, body: .delta(block: 0, kind: .text))
        encoder.encode(merged, text.span, into: &out)
        return String(decoding: out, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("id: ") }
            .map { String($0.split(separator: ":").last ?? "") }
    }

    @Test func framesBeforeTheLastAreNumberedFromTheFirstEvent() {
        #expect(Self.places(from: 4, to: 4) == ["4.0", "4"])
        #expect(Self.places(from: 4, to: 120) == ["4.0", "120"])
        #expect(Self.places(from: 98, to: 120) == ["98.0", "120"])
    }

    @Test func framesThatTheReaderHasAreLeftOut() {
        #expect(Self.places(from: 4, to: 120, taken: 1) == ["120"])
    }
}
