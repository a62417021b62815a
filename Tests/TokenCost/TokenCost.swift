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
        var rows: [String] = []
        for provider in ProviderDialect.allCases {
            let answers = counts.map { Answer(of: provider, tokens: $0) }
            for step in steps(of: provider) {
                let costs = answers.map { answer in best { step.run(answer) } / Double(answer.tokens) }
                rows.append("\"\(step.name)\": \(costs)")
            }
        }
        print("{\"tokens\": \(counts), \"steps\": {\(rows.joined(separator: ", "))}}")
    }

    private struct Step {
        var name: String
        var run: (Answer) -> Void
    }

    private static func steps(of provider: ProviderDialect) -> [Step] {
        var steps: [Step] = []
        if provider == .openAIChat {
            steps.append(Step(name: "append to the log") { _ = $0.appended() })
            steps.append(Step(name: "read from the log") { $0.read() })
        }
        let name = provider.name.rawValue
        steps.append(Step(name: "\(name): split events") { $0.split() })
        steps.append(Step(name: "\(name): split, decode and append") { _ = $0.decoded() })
        for client in [DialectName.native, .openAIChat, .anthropic, .gemini] {
            let reader = DialectName.Reader(of: Answer.id)
            steps.append(Step(name: "\(name): encode as \(client.rawValue)") { $0.encode(client.encoder(for: reader)) })
        }
        return steps
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
