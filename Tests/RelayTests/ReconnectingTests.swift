import FreshetRelay
import Testing

/// Scripts of what happens to a reader's connection and what it does then; times and pauses in milliseconds.
struct ReconnectingTests {
    private enum Step {
        case broke(Int64, pause: Int64)
        case told(Int64, wish: Int64, pause: Int64)
        case over(Int64)
        case attached
        case progressed
    }

    /// Played with the largest jitter: each pause at its longest.
    private static let scripts: [(String, [Step])] = [
        (
            "longer and longer, then as long as that",
            [
                .broke(0, pause: 100), .broke(100, pause: 250), .broke(350, pause: 500), .broke(850, pause: 1000),
                .broke(1850, pause: 2000), .broke(3850, pause: 2000), .broke(5850, pause: 2000),
            ]
        ),
        (
            "each new event begins anew",
            [
                .broke(0, pause: 100), .broke(0, pause: 250), .progressed, .broke(59_000, pause: 100), .progressed,
                .broke(200_000, pause: 100),
            ]
        ),
        ("a minute without the gateway", [.broke(1000, pause: 100), .broke(60_999, pause: 1), .over(61_000)]),
        (
            "attaching shows that it is there, and nothing else: pauses stay long",
            [
                .broke(0, pause: 100), .broke(59_999, pause: 1), .attached, .broke(90_000, pause: 500), .attached,
                .broke(180_000, pause: 1000), .broke(239_999, pause: 1), .over(240_000),
            ]
        ),
        (
            "as long as the gateway asks, but not beyond patience",
            [
                .told(0, wish: 7000, pause: 7000), .told(7000, wish: 1, pause: 250),
                .told(7500, wish: 3_600_000, pause: 52_500), .over(60_000),
            ]
        ),
        ("a wish for nothing", [.told(0, wish: 0, pause: 100)]),
    ]

    @Test(arguments: scripts)
    private func script(_ name: String, _ steps: [Step]) {
        var reconnecting = Reconnecting(patience: .seconds(60))
        for step in steps {
            switch step {
            case .broke(let time, let pause):
                let action = reconnecting.broke(at: at(time), jitter: 1)
                #expect(action == .reconnect(after: .milliseconds(pause)), "\(name)")
            case .told(let time, let wish, let pause):
                let action = reconnecting.broke(at: at(time), asking: .milliseconds(wish), jitter: 1)
                #expect(action == .reconnect(after: .milliseconds(pause)), "\(name)")
            case .over(let time): #expect(reconnecting.broke(at: at(time), jitter: 1) == .giveUp, "\(name)")
            case .attached: reconnecting.attached()
            case .progressed: reconnecting.progressed()
            }
        }
    }

    @Test
    func jitterIsTheUpperHalf() {
        for (jitter, pause) in [(0.0, Int64(50)), (0.5, 75), (1, 100)] {
            var reconnecting = Reconnecting()
            #expect(reconnecting.broke(at: at(0), jitter: jitter) == .reconnect(after: .milliseconds(pause)))
        }
    }

    /// A gateway behind which every stream is cut at once is not asked for ever.
    @Test
    func attachingForNothingEnds() {
        var reconnecting = Reconnecting()
        for number in 0..<100 {
            #expect(reconnecting.broke(at: at(Int64(number)), jitter: 0) != .giveUp)
            reconnecting.attached()
        }
        #expect(reconnecting.broke(at: at(100), jitter: 0) == .giveUp)
    }

    private func at(_ millisecond: Int64) -> Moment { Moment(nanoseconds: millisecond * 1_000_000) }
}
