import FreshetGeneration
import FreshetRelay
import Testing

/// One line of a script: what happens, when (in seconds), and what the machine must answer.
enum Step: Sendable {
    case connected(Int)
    case head(Int)
    case ping
    case frame(
        Int, content: Bool = false, finished: Bool = false, complete: Bool = true, done: Bool = false,
        openTool: Bool = false)
    case paused
    case resumed(Int)
    case connectTimedOut
    case broken
    case undecodable(Int, openTool: Bool = false)
    case error
    case bytesEnded
    case connectionFailed
    case timer(Int)
    case cancelled
}

/// What the machine answered, in short.
enum Answer: Equatable, Sendable {
    case nothing, proceed, finish, ignore
    case fail(GenerationFailure.Code)
}

struct AttemptMachineTests {
    struct Script: Sendable, CustomTestStringConvertible {
        var name: String
        var steps: [(Step, Answer)]
        var testDescription: String { name }
    }

    @Test(arguments: scripts)
    func script(_ script: Script) {
        var machine = AttemptMachine(deadlines: AttemptDeadlines(), start: Self.second(0))
        for (place, (step, expected)) in script.steps.enumerated() {
            #expect(Self.play(step, on: &machine) == expected, "step \(place + 1) of \(script.name)")
        }
    }

    static let scripts: [Script] = [
        Script(
            name: "an answer with usage and end mark",
            steps: [
                (.connected(0), .nothing), (.head(1), .nothing), (.frame(1), .proceed),
                (.frame(2, content: true), .proceed), (.frame(3, content: true, finished: true), .proceed),
                (.frame(3), .proceed), (.frame(3, finished: true, done: true), .finish), (.bytesEnded, .ignore),
            ]),
        Script(
            name: "a finish without an end mark is whole at the end of bytes",
            steps: [(.frame(1, content: true, finished: true), .proceed), (.bytesEnded, .finish)]),
        Script(
            name: "a finish without anything behind it is whole after two seconds",
            steps: [
                (.frame(1, content: true, finished: true), .proceed), (.timer(2), .proceed), (.timer(3), .finish),
            ]),
        Script(
            name: "content behind a finish has its time from when it came",
            steps: [
                (.frame(1, content: true, finished: true), .proceed),
                (.frame(2, content: true, finished: true), .proceed), (.timer(3), .proceed),
                (.frame(3, content: true), .proceed), (.timer(60), .proceed),
                (.frame(60, content: true, finished: true), .proceed), (.timer(61), .proceed), (.timer(62), .finish),
            ]),
        Script(
            name: "a finish of which more is to come is whole at the end of bytes, and waits until then",
            steps: [
                (.frame(1, content: true, finished: true, complete: false), .proceed), (.timer(30), .proceed),
                (.bytesEnded, .finish),
            ]),
        Script(
            name: "what follows the finish has its time from when we read on",
            steps: [
                (.frame(1, content: true, finished: true), .proceed), (.paused, .nothing), (.timer(100), .proceed),
                (.resumed(100), .nothing), (.timer(101), .proceed), (.frame(101, finished: true), .proceed),
                (.timer(102), .finish),
            ]),
        Script(
            name: "an answer that is whole ends with the attempt's time even while we do not read",
            steps: [
                (.frame(1, content: true, finished: true), .proceed), (.paused, .nothing), (.timer(1799), .proceed),
                (.timer(1800), .finish),
            ]),
        Script(
            name: "a connection lost behind the finish loses nothing",
            steps: [(.frame(1, content: true, finished: true), .proceed), (.connectionFailed, .finish)]),
        Script(
            name: "an error behind the finish changes nothing",
            steps: [(.frame(1, content: true, finished: true), .proceed), (.error, .finish)]),
        Script(
            name: "the end of bytes is not the end of the answer",
            steps: [
                (.frame(1, content: true), .proceed), (.bytesEnded, .fail(.providerTruncated)), (.timer(99), .ignore),
            ]),
        Script(
            name: "nor is the end mark without a finish reason",
            steps: [(.frame(1, content: true), .proceed), (.frame(1, done: true), .fail(.providerTruncated))]),
        Script(
            name: "an empty answer of 200",
            steps: [(.connected(0), .nothing), (.head(0), .nothing), (.bytesEnded, .fail(.providerTruncated))]),
        Script(
            name: "no connection",
            steps: [(.timer(4), .proceed), (.timer(5), .fail(.providerTimeout))]),
        Script(name: "a refused connection", steps: [(.connectionFailed, .fail(.providerUnreachable))]),
        Script(
            name: "a connection lost in the middle",
            steps: [
                (.head(0), .nothing), (.frame(1, content: true), .proceed),
                (.connectionFailed, .fail(.providerTruncated)),
            ]),
        Script(
            name: "no response",
            steps: [(.connected(1), .nothing), (.timer(30), .proceed), (.timer(31), .fail(.providerTimeout))]),
        Script(
            name: "heads, roles and pings are no content",
            steps: [
                (.connected(0), .nothing), (.head(1), .nothing), (.frame(30), .proceed), (.ping, .nothing),
                (.timer(59), .proceed), (.timer(60), .fail(.providerTimeout)),
            ]),
        Script(
            name: "silence after content",
            steps: [
                (.frame(10, content: true), .proceed), (.timer(69), .proceed), (.timer(70), .fail(.providerTimeout)),
            ]),
        Script(
            name: "pings stretch the silence, once",
            steps: [
                (.frame(10, content: true), .proceed), (.ping, .nothing), (.timer(70), .proceed),
                (.timer(309), .proceed), (.timer(310), .fail(.providerTimeout)),
            ]),
        Script(
            name: "an open tool call stretches the silence",
            steps: [
                (.frame(10, content: true, openTool: true), .proceed), (.timer(70), .proceed),
                (.timer(310), .fail(.providerTimeout)),
            ]),
        Script(
            name: "the whole attempt is bounded",
            steps: [
                (.frame(1790, content: true), .proceed), (.timer(1799), .proceed),
                (.timer(1800), .fail(.providerTimeout)),
            ]),
        Script(
            name: "a frame that cannot be decoded is passed over",
            steps: [
                (.frame(1, content: true), .proceed), (.undecodable(1), .proceed),
                (.frame(2, content: true, finished: true), .proceed), (.bytesEnded, .finish),
            ]),
        Script(
            name: "unless a tool call is open",
            steps: [(.frame(1, content: true), .proceed), (.undecodable(1, openTool: true), .fail(.providerMalformed))]),
        Script(
            name: "or no proper end follows",
            steps: [(.undecodable(1), .proceed), (.bytesEnded, .fail(.providerMalformed))]),
        Script(
            name: "an error in the stream",
            steps: [(.frame(1, content: true), .proceed), (.error, .fail("server_error")), (.bytesEnded, .ignore)]),
        Script(
            name: "a provider that may not send is not silent",
            steps: [
                (.frame(10, content: true), .proceed), (.paused, .nothing), (.timer(500), .proceed),
                (.resumed(500), .nothing), (.timer(559), .proceed), (.timer(560), .fail(.providerTimeout)),
            ]),
        Script(
            name: "a pause does not stop the total",
            steps: [
                (.frame(10, content: true), .proceed), (.paused, .nothing), (.timer(1800), .fail(.providerTimeout)),
            ]),
        Script(
            name: "a finished choice waits for those that were asked for",
            steps: [
                (.frame(1, content: true, finished: true, complete: false), .proceed), (.timer(4), .proceed),
                (.frame(5, content: true), .proceed), (.timer(8), .proceed),
                (.frame(9, content: true, finished: true), .proceed), (.timer(11), .finish),
            ]),
        Script(
            name: "another choice begins behind the finish",
            steps: [
                (.frame(1, content: true, finished: true), .proceed), (.frame(2, content: true), .proceed),
                (.timer(9), .proceed), (.bytesEnded, .fail(.providerTruncated)),
            ]),
        Script(
            name: "an end mark while a choice is open",
            steps: [
                (.frame(1, content: true, finished: true), .proceed), (.frame(2, content: true), .proceed),
                (.frame(2, done: true), .fail(.providerTruncated)),
            ]),
        Script(
            name: "fewer choices than asked for are whole at the end",
            steps: [
                (.frame(1, content: true, finished: true, complete: false), .proceed), (.bytesEnded, .finish),
            ]),
        Script(name: "a connection that takes too long", steps: [(.connectTimedOut, .fail(.providerTimeout))]),
        Script(name: "an answer that is not HTTP", steps: [(.broken, .fail(.providerMalformed))]),
        Script(
            name: "nothing counts after it was cancelled",
            steps: [
                (.frame(1, content: true), .proceed), (.cancelled, .nothing), (.frame(2), .ignore),
                (.bytesEnded, .ignore), (.connectionFailed, .ignore), (.timer(9999), .ignore), (.error, .ignore),
            ]),
    ]

    /// From every state, after every event, in every order of four: no trap, one end at most, no deadline after it.
    @Test func everyOrderEndsAtMostOnce() {
        let events: [Step] = [
            .connected(1), .head(1), .ping, .frame(1), .frame(1, content: true), .frame(1, finished: true),
            .frame(1, done: true), .paused, .resumed(2), .connectTimedOut, .broken, .undecodable(1),
            .undecodable(1, openTool: true), .error, .bytesEnded, .connectionFailed, .timer(9999), .cancelled,
        ]
        var explored = 0
        func explore(_ machine: AttemptMachine, _ depth: Int, hasEnded: Bool) {
            explored += 1
            if hasEnded { #expect(machine.deadline == nil) }
            guard depth > 0 else { return }
            for event in events {
                var next = machine
                let answer = Self.play(event, on: &next)
                var ended = hasEnded
                switch answer {
                case .finish, .fail:
                    #expect(!hasEnded, "a second end")
                    ended = true
                case .nothing, .proceed, .ignore: break
                }
                if case .cancelled = event { ended = true }
                explore(next, depth - 1, hasEnded: ended)
            }
        }
        explore(AttemptMachine(deadlines: AttemptDeadlines(), start: Self.second(0)), 4, hasEnded: false)
        #expect(explored == 1 + 18 + 324 + 5832 + 104_976)
    }

    @Test func momentsNeverOverflow() {
        #expect(Moment(nanoseconds: .max).advanced(byNanoseconds: 1) == Moment(nanoseconds: .max))
        #expect(Moment(nanoseconds: 5).advanced(byNanoseconds: .max) == Moment(nanoseconds: .max))
        #expect(Moment(nanoseconds: 5).advanced(byNanoseconds: 3000) == Moment(nanoseconds: 3005))
        var deadlines = AttemptDeadlines()
        deadlines.silence = .seconds(Int64.max)
        #expect(deadlines.$silence == .max && deadlines.silence == .nanoseconds(Int64.max))
        deadlines.silence = .microseconds(3)
        #expect(deadlines.$silence == 3000 && deadlines.silence == .microseconds(3))
    }

    private static func second(_ number: Int) -> Moment { Moment(nanoseconds: Int64(number) * 1_000_000_000) }

    private static func play(_ step: Step, on machine: inout AttemptMachine) -> Answer {
        switch step {
        case .connected(let time): machine.connected(at: second(time))
        case .head(let time): machine.headArrived(at: second(time))
        case .ping: machine.pingArrived()
        case .cancelled: machine.cancelled()
        case .paused: machine.paused()
        case .resumed(let time): machine.resumed(at: second(time))
        case .connectTimedOut: return answer(machine.connectTimedOut())
        case .broken: return answer(machine.responseBroken("no HTTP"))
        case .frame(let time, let content, let finished, let complete, let done, let openTool):
            return answer(
                machine.frameArrived(
                    hasContent: content, isFinished: finished, isComplete: complete, isDone: done,
                    hasOpenToolCall: openTool, at: second(time)))
        case .undecodable(let time, let openTool):
            return answer(machine.undecodableFrameArrived(hasOpenToolCall: openTool, at: second(time)))
        case .error:
            return answer(
                machine.errorArrived(
                    GenerationFailure(code: "server_error", message: "overloaded", isRetryable: true)))
        case .bytesEnded: return answer(machine.bytesEnded())
        case .connectionFailed: return answer(machine.connectionFailed("reset"))
        case .timer(let time): return answer(machine.timerFired(at: second(time)))
        }
        return .nothing
    }

    private static func answer(_ action: AttemptMachine.Action) -> Answer {
        switch action {
        case .proceed: .proceed
        case .finish: .finish
        case .ignore: .ignore
        case .fail(let failure): .fail(failure.code)
        }
    }
}
