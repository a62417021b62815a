import FreshetDialects
import FreshetEventStreams
import FreshetGeneration
import Glibc

/// Prints, as one JSON object, what each step of a token's way costs in answers of N, 2N and 4N tokens, in ns a token.
@main
struct TokenCost {
    private static let counts = [20_000, 40_000, 80_000]
    private static let runs = 7

    static func main() {
        let steps: [(name: String, run: (Answer) -> Void)] = [
            ("split events", { $0.split() }),
            ("split, decode and append", { _ = $0.decoded() }),
            ("append to the log", { _ = $0.appended() }),
            ("read from the log", { $0.read() }),
            ("encode Chat to Chat", { $0.encode(OpenAIChatEncoder()) }),
            ("encode Chat to native", { $0.encode(NativeEncoder(generation: Answer.id)) }),
        ]
        let answers = counts.map(Answer.init(tokens:))
        let rows = steps.map { step in
            let costs = answers.map { answer in best { step.run(answer) } / Double(answer.tokens) }
            return "\"\(step.name)\": \(costs)"
        }
        print("{\"tokens\": \(counts), \"steps\": {\(rows.joined(separator: ", "))}}")
    }

    /// Nanoseconds of this thread's CPU time, the best of some runs: another process can only make a run longer.
    private static func best(_ work: () -> Void) -> Double {
        var best = Double.infinity
        for _ in 0..<runs {
            let start = threadTime()
            work()
            best = min(best, threadTime() - start)
        }
        return best
    }

    private static func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
