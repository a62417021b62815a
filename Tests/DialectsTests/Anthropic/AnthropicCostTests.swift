import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Glibc
import Testing

/// Prints what N and 4N of something cost of this thread's time: near 4 is linear, near 16 quadratic. Nothing is asserted
/// on time.
struct AnthropicCostTests {
    static let cases: [(name: String, count: Int, work: @Sendable (Int) throws -> () throws -> Void)] = [
        ("tools' results", 3_000, results), ("deltas of a foreign block", 6_000, deltas),
        ("blocks that wait", 500, waiting), ("tools' results that wait", 8_000, asides),
    ]

    @Test(arguments: cases.indices)
    func costGrowsWithTheCount(_ place: Int) throws {
        let (name, count, work) = Self.cases[place]
        let costs = try [1, 4].map { try cost(work($0 * count)) }
        print("linear cost: \(name): 1 : \((costs[1] / costs[0] * 10).rounded() / 10)")
    }

    /// Seconds, the best of three.
    private func cost(_ work: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = threadTime()
            try work()
            best = min(best, threadTime() - start)
        }
        return best
    }

    private func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// In a request.
    @Sendable private static func results(_ count: Int) throws -> () throws -> Void {
        let request = try GenerationRequest(model: "m", messages: CallIDTests.messages((0..<count).map { "c\($0)" }))
            .modelRequest()
        return { _ = try request.body(for: .anthropic, ProviderHabits(model: "m")) }
    }

    /// In a whole answer.
    @Sendable private static func deltas(_ count: Int) -> () throws -> Void {
        typealias Tests = AnthropicDecoderTests
        let piece = String(repeating: "x", count: 100)
        let delta = Tests.delta(0, #""type":"compaction_delta","content":"\#(piece)""#)
        let frames = [Tests.start(), Tests.block(0, #""type":"compaction","content":"""#)]
        let ends = [Tests.end(0), Tests.finish("end_turn"), Tests.stop]
        let answer = DecodedAnswer(frames: frames + Array(repeating: delta, count: count) + ends, in: .anthropic)
        return { _ = answer.log.completed(by: AnthropicCompletion()) }
    }

    /// All begin behind one that is open, speak in turn, and end before it.
    @Sendable private static func waiting(_ count: Int) -> () throws -> Void {
        var events = (0..<count).map { start($0) }
        events += (1..<count).map { GenerationEvent.blockDelta(block: $0, kind: .toolInput, text: "{}") }
        events += (1..<count).map { GenerationEvent.blockEnd(block: $0, kind: .toolInput) }
        return encoding(AnthropicEncoderTests.log(events + [.blockEnd(block: 0, kind: .toolInput)]))
    }

    @Sendable private static func asides(_ count: Int) -> () throws -> Void {
        typealias Tests = AnthropicDecoderTests
        let result = #""type":"web_search_tool_result","tool_use_id":"s","content":[]"#
        let frames = [Tests.start(), Tests.block(0, Tests.plain), Tests.text(0, "a")]
        let results = Array(repeating: [Tests.block(1, result), Tests.end(1)], count: count).joined()
        let ends = [Tests.end(0), Tests.finish("end_turn"), Tests.stop]
        return encoding(DecodedAnswer(frames: frames + results + ends, in: .anthropic).log)
    }

    private static func start(_ block: Int) -> GenerationEvent {
        .blockStart(BlockStart(block: block, kind: .toolInput, callID: "c\(block)", name: "f"))
    }

    private static func encoding(_ log: GenerationLog) -> () throws -> Void {
        { _ = log.encoded(by: AnthropicEncoder()) }
    }
}
