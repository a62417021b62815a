import FreshetClient
import FreshetGeneration
import Glibc
import Synchronization

/// Shows an answer while it forms: plain text in a pipe; on a terminal reasoning is dimmed and a status line follows.
final class AnswerPrinter: Sendable {
    private struct State {
        var model = ""
        var deltas = 0
        var begun = AnswerPrinter.now()
        var first: Double?
        var last: Double?
        var endsWithNewline = true
        var isDim = false
        var usage: Usage?
        var end: GenerationEnd?
    }

    private let isTerminal = Terminal.isInteractive
    // The printer is called from the client's thread, and once from the one that waits for the interrupt.
    private let state = Mutex(State())

    func show(_ event: NativeEvent) {
        state.withLock { state in
            switch event.event {
            case .generationStart(let start): state.model = start.model
            case .blockDelta(_, let kind, let text): show(text, kind, &state)
            case .blockEnd(_, let kind) where kind == .reasoning || kind == .toolInput: newline(&state)
            case .blockStart(let start) where start.kind == .toolInput:
                newline(&state)
                if isTerminal { show("\(start.name) ", .toolInput, &state) }
            case .usage(let usage): state.usage = usage
            case .generationEnd(let end): state.end = end
            default: break
            }
        }
    }

    /// Says on stderr that the connection is lost, or there again: the answer's text stays as it is.
    func tell(_ change: ConnectionChange) {
        state.withLock { state in
            if isTerminal { newline(&state) }
            switch change {
            case .lost(let error):
                Terminal.printError("freshet: connection lost (\(Terminal.harmless(error.message))), reconnecting\n")
            case .regained: Terminal.printError("freshet: reconnected\n")
            }
        }
    }

    /// - Returns: The exit status.
    func finish(_ error: ClientError?) -> Int32 {
        state.withLock { state in
            newline(&state)
            if let error {
                let advice = error.code == .unauthorized ? " (`freshet chat` sends what FRESHET_KEY holds)" : ""
                Terminal.printError("freshet: \(Terminal.harmless(error.message))\(advice)\n")
                return 1
            }
            if let failure = state.end?.failure {
                Terminal.printError("freshet: \(Terminal.harmless(failure.message))\n")
                return 1
            }
            status(state)
            return 0
        }
    }

    /// The text stays; the line ends.
    func interrupted() { state.withLock { newline(&$0) } }

    private func show(_ text: String, _ kind: BlockKind, _ state: inout State) {
        // A pipe gets the answer and nothing else.
        let isAside = kind == .reasoning || kind == .toolInput
        if kind == .text || kind == .refusal || kind == .reasoning { count(&state) }
        guard isTerminal || !isAside else { return }
        var out = Terminal.harmless(text)
        if isTerminal, isAside != state.isDim {
            out = (isAside ? "\u{1B}[2m" : "\u{1B}[0m") + out
            state.isDim = isAside
        }
        if !text.isEmpty { state.endsWithNewline = text.hasSuffix("\n") }
        Terminal.print(out)
    }

    private func count(_ state: inout State) {
        let now = Self.now()
        if state.first == nil { state.first = now }
        state.last = now
        state.deltas += 1
    }

    private func newline(_ state: inout State) {
        if state.isDim { Terminal.print("\u{1B}[0m") }
        state.isDim = false
        if !state.endsWithNewline { Terminal.print("\n") }
        state.endsWithNewline = true
    }

    private func status(_ state: State) {
        guard isTerminal, let first = state.first, let last = state.last else { return }
        let tokens = state.usage?.outputTokens.map { Int($0) } ?? state.deltas
        let rate = last > first ? Double(tokens) / (last - first) : 0
        let wait = milliseconds(first - state.begun)
        let line = "\(state.model) · \(tokens) tokens · \(Int(rate)) tokens/s · first token after \(wait) ms"
        Terminal.printError("\u{1B}[2m\(Terminal.harmless(line))\u{1B}[0m\n")
    }

    private func milliseconds(_ seconds: Double) -> Int { Int(seconds * 1000) }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
