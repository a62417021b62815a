import FreshetTransport
import Glibc
import Testing

struct LoopTests {
    @Test func workRunsInOrderAndOnItsThread() throws {
        let group = try EventLoopGroup.start(count: 2)
        defer { group.shutdown() }
        let journal = Journal<Int>()
        for number in 0..<1000 { group.loops[1].execute { journal.append(number) } }
        let (isCurrent, index) = group.loops[1].run { [loop = group.loops[1]] in
            (loop.isCurrent, EventLoop.current?.index)
        }
        #expect(journal.entries == Array(0..<1000))
        #expect(isCurrent && index == 1)
        #expect(!group.loops[1].isCurrent && EventLoop.current == nil)
    }

    @Test func workOfOneTurnRunsAfterItsBatch() throws {
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let journal = Journal<String>()
        loop.run {
            loop.execute { journal.append("later") }
            journal.append("now")
        }
        loop.run {}
        #expect(journal.entries == ["now", "later"])
    }

    @Test func workAfterTheEndIsDropped() throws {
        let group = try EventLoopGroup.start(count: 1)
        group.shutdown()
        group.loops[0].execute { Issue.record("ran on a loop that has ended") }
    }

    @Test func timersFireInOrderOfTheirMoments() throws {
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let journal = Journal<Int>()
        let done = Promise<Void>()
        loop.run {
            for delay in [7, 1, 5, 3, 9, 2] {
                _ = loop.schedule(after: .milliseconds(delay)) {
                    journal.append(delay)
                    if delay == 9 { done.fulfil(()) }
                }
            }
        }
        #expect(done.wait() != nil)
        #expect(journal.entries == [1, 2, 3, 5, 7, 9])
    }

    @Test func aTimerMovesBothWaysAndStops() throws {
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let journal = Journal<String>()
        let done = Promise<Void>()
        loop.run {
            let later = loop.schedule(after: .milliseconds(1)) { journal.append("later") }
            let sooner = loop.schedule(after: .seconds(100)) { journal.append("sooner") }
            let never = loop.schedule(after: .milliseconds(1)) { journal.append("never") }
            let resting = loop.schedule(after: .milliseconds(1)) { journal.append("resting") }
            later.rearm(after: .milliseconds(200))
            sooner.rearm(after: .milliseconds(5))
            never.cancel()
            never.rearm(after: .milliseconds(1))
            resting.disarm()
            _ = loop.schedule(after: .milliseconds(10)) { resting.rearm(after: .milliseconds(2)) }
            _ = loop.schedule(after: .milliseconds(300)) { done.fulfil(()) }
        }
        #expect(done.wait() != nil)
        #expect(journal.entries == ["sooner", "resting", "later"])
    }

    @Test func aTimerSetAnewForNowLetsTheLoopTurn() throws {
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let count = Counter()
        loop.run {
            var timer: LoopTimer?
            timer = loop.schedule(after: .zero) {
                count.add()
                timer?.rearm(after: .zero)
            }
        }
        #expect(eventually { count.value > 10 })
    }

    @Test func manyCancelledTimersAreForgotten() throws {
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let fired = Counter()
        let left = loop.run {
            for number in 0..<10_000 {
                let timer = loop.schedule(after: .milliseconds(number % 7 == 0 ? 5 : 3_600_000)) { fired.add() }
                if number % 7 != 0 { timer.cancel() }
            }
            return loop.timerCount
        }
        #expect(left < 4_000)
        #expect(eventually { fired.value == 1429 })
    }

    @Test func markedObjectsEndTheTurnOnce() throws {
        final class Marked: TurnEnd {
            let ended: (Marked) -> Void
            init(_ ended: @escaping (Marked) -> Void) { self.ended = ended }
            func turnEnded() { ended(self) }
        }
        let group = try EventLoopGroup.start(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let journal = Journal<Int>()
        loop.run {
            var again = true
            for number in 0..<100 {
                let object = Marked {
                    journal.append(number)
                    if number == 7, again {
                        again = false
                        loop.markDirty($0)
                    }
                }
                for _ in 0..<3 { loop.markDirty(object) }
            }
        }
        loop.run {}
        #expect(journal.entries == Array(0..<100) + [7])
    }
}
