import FreshetRelay
import Testing

/// Scripts of what happens and what is decided.
struct StoppingTests {
    private enum Step {
        case signal(Int64, Stopping.Action)
        case open(Int64, Stopping.Action)
        case idle(Int64, Stopping.Action)
    }

    private static let scripts: [(String, [Step])] = [
        ("nothing was asked", [.open(0, .wait), .idle(99, .wait)]),
        (
            "answers end by themselves",
            [.signal(0, .stopAccepting), .open(10, .wait), .idle(11, .leave), .idle(12, .wait)]
        ),
        (
            "one is told and takes it",
            [.signal(0, .stopAccepting), .open(29, .wait), .open(30, .endStreams), .open(31, .wait), .idle(31, .leave)]
        ),
        (
            "one takes nothing",
            [.signal(5, .stopAccepting), .open(35, .endStreams), .open(36, .wait), .open(37, .leave), .open(99, .wait)]
        ),
        ("no hurry before anything", [.signal(0, .stopAccepting), .signal(1, .leaveAtOnce), .open(2, .wait)]),
        ("nor after", [.signal(0, .stopAccepting), .open(30, .endStreams), .signal(30, .leaveAtOnce)]),
    ]

    @Test(arguments: scripts)
    private func script(_ name: String, _ steps: [Step]) {
        var stopping = Stopping(drain: .seconds(30), farewell: .seconds(2))
        for step in steps {
            switch step {
            case .signal(let second, let action): #expect(stopping.signalArrived(at: at(second)) == action, "\(name)")
            case .open(let second, let action):
                #expect(stopping.timePassed(isIdle: false, at: at(second)) == action, "\(name)")
            case .idle(let second, let action):
                #expect(stopping.timePassed(isIdle: true, at: at(second)) == action, "\(name)")
            }
        }
    }

    private func at(_ second: Int64) -> Moment { Moment(nanoseconds: second * 1_000_000_000) }
}
