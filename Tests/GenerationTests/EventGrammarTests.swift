import FreshetGeneration
import Testing

struct EventGrammarTests {
    static let start = GenerationEvent.generationStart(.sample)
    static let failure = GenerationFailure(code: .providerTruncated, message: "", isRetryable: true)
    static let finished = GenerationEvent.generationEnd(GenerationEnd(outcome: .finished))

    static func begin(_ block: Int) -> GenerationEvent { .blockStart(BlockStart(block: block, kind: .text)) }
    static func delta(_ block: Int) -> GenerationEvent { .blockDelta(block: block, kind: .text, text: "a") }
    static func end(_ block: Int) -> GenerationEvent { .blockEnd(block: block, kind: .text) }
    static func ended(_ outcome: Outcome, _ failure: GenerationFailure? = nil) -> GenerationEvent {
        .generationEnd(GenerationEnd(outcome: outcome, failure: failure))
    }

    static let good: [[GenerationEvent]] = [
        [start, finished],
        [start, begin(0), delta(0), end(0), finished],
        [start, begin(0), begin(1), delta(0), delta(1), end(0), delta(1), end(1), begin(2), end(2), finished],
        [start, .attempt(Attempt(route: "a/b")), .finish(choice: 0, reason: .stop), .usage(Usage()), finished],
        [start, begin(0), ended(.stopped)],
        [start, begin(0), ended(.overBudget)],
        [start, begin(0), ended(.failed, failure)],
        [start, ended(.interrupted, failure)],
        [start, .notice(code: "a", message: "b"), .progress(fraction: nil, status: ""), finished],
    ]

    @Test(arguments: good)
    func accepts(_ events: [GenerationEvent]) throws {
        var grammar = EventGrammar()
        for event in events { try grammar.accept(event) }
    }

    static let bad: [([GenerationEvent], EventGrammar.Violation)] = [
        ([begin(0)], .startOutOfPlace),
        ([finished], .startOutOfPlace),
        ([start, start], .startOutOfPlace),
        ([start, begin(1)], .blockNumber(1, expected: 0)),
        ([start, begin(0), begin(0)], .blockNumber(0, expected: 1)),
        ([start, begin(0), end(0), begin(0)], .blockNumber(0, expected: 1)),
        ([start, delta(0)], .blockNotOpen(0)),
        ([start, end(0)], .blockNotOpen(0)),
        ([start, begin(0), end(0), delta(0)], .blockNotOpen(0)),
        ([start, begin(0), end(0), end(0)], .blockNotOpen(0)),
        ([start, begin(0), finished], .blockLeftOpen(0)),
        ([start, ended(.finished, failure)], .failureMismatch),
        ([start, ended(.failed)], .failureMismatch),
        ([start, ended(.interrupted)], .failureMismatch),
        ([start, ended(.stopped, failure)], .failureMismatch),
        ([start, finished, .usage(Usage())], .afterEnd),
        ([start, finished, start], .afterEnd),
    ]

    @Test(arguments: bad)
    func refusesTheLastOf(_ events: [GenerationEvent], _ violation: EventGrammar.Violation) throws {
        var grammar = EventGrammar()
        for event in events.dropLast() { try grammar.accept(event) }
        let before = grammar
        #expect(throws: violation) { try grammar.accept(events[events.count - 1]) }
        #expect(grammar == before, "what is refused changes nothing")
    }
}
