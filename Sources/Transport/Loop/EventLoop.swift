import CLinux
import Glibc
import Synchronization

/// One thread that waits on epoll and calls back; what it calls is confined to it.
///
/// A turn is: wait, descriptors, timers, posted work, marked objects (`TurnEnd`), one flush per written connection.
public final class EventLoop: @unchecked Sendable {  // its confined members are touched on its thread only
    /// Its place in its group, from 0.
    public let index: Int

    /// The user's own loop-confined object.
    public var local: AnyObject? {
        get {
            preconditionOnLoop()
            return storedLocal
        }
        set {
            preconditionOnLoop()
            storedLocal = newValue
        }
    }

    /// Streams that are open and connections on their way to one; read by the thread that places new connections.
    let load = Atomic<Int>(0)

    var timers = TimerHeap()
    /// Memory of output buffers that have nothing to send.
    var spareOutput: [[UInt8]] = []
    /// Bytes just received from a socket; valid until the next read of the loop.
    let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: EventLoop.readBytes)
    /// At most this much is read per connection and turn.
    static let readBytes = 64 << 10

    private static let batch = 256
    private static let roundsPerTurn = 32
    private static let objectsPerTurn = 65_536

    private struct Inbox {
        var work: [@Sendable () -> Void] = []
        var isClosed = false
    }
    private let inbox = Locked(Inbox())
    private let isStopping = Atomic<Bool>(false)
    private let epoll: Int32
    private let bell: Int32
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.batch)
    private var table: PollTable
    private var clock = MonotonicTime.read()
    private var turnEnds = TurnEndList()
    private var flushes: ContiguousArray<Pollable?> = []
    private var again: [Pollable] = []
    private var localWork: [@Sendable () -> Void] = []
    private var runningWork: [@Sendable () -> Void] = []
    private var storedLocal: AnyObject?

    init(index: Int) throws {
        self.index = index
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        table = PollTable(epoll: epoll)
        guard epoll >= 0, bell >= 0 else { throw TransportError(.systemFailure, "epoll: \(systemMessage())") }
        var event = epoll_event(events: Poll.input, data: epoll_data_t(u64: Self.bellKey))
        epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event)
    }

    deinit {
        close(epoll)
        close(bell)
        events.deallocate()
        scratch.deallocate()
    }

    /// Whether the caller runs on this loop's thread.
    public var isCurrent: Bool { freshet_thread_slot() == Unmanaged.passUnretained(self).toOpaque() }

    /// The loop whose thread this is; nil on any other thread.
    public static var current: EventLoop? {
        freshet_thread_slot().map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Traps off the loop's thread, in debug builds.
    public func preconditionOnLoop() { assert(isCurrent, "called off its loop") }

    /// The moment at which this turn began; on the loop only.
    public func now() -> MonotonicTime { clock }

    /// Runs `work` on the loop: from the loop itself at the end of this batch, from any other thread soon. Work that
    /// arrives after the loop has ended is dropped.
    public func execute(_ work: @escaping @Sendable () -> Void) {
        if isCurrent {
            localWork.append(work)
        } else if inbox.withLock({ $0.isClosed ? false : ($0.work.append(work), true).1 }) {
            ring()
        }
    }

    /// Calls `body` once, `delay` after this turn began; on the loop only.
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        schedule(at: clock + delay, body)
    }

    /// Calls `body` once at `moment`; on the loop only. `never` makes a timer that waits for its first `rearm`.
    public func schedule(at moment: MonotonicTime, _ body: @escaping () -> Void) -> LoopTimer {
        preconditionOnLoop()
        let timer = LoopTimer(loop: self, deadline: moment, body: body)
        timers.file(timer)
        return timer
    }

    /// Has `object` called once at the end of this turn, before sockets are flushed; on the loop only.
    public func markDirty(_ object: any TurnEnd) { turnEnds.mark(object) }

    /// Timers held, cancelled ones that were not swept yet among them; on the loop only.
    package var timerCount: Int { timers.count }

    // MARK: Descriptors

    func add(_ pollable: Pollable, interest: UInt32) { table.add(pollable, interest: interest) }

    func change(_ pollable: Pollable, interest: UInt32) { table.change(pollable, interest: interest) }

    func remove(_ pollable: Pollable) { table.remove(pollable) }

    var pollables: [Pollable] { table.all }

    /// Has the connection flushed once at the end of this turn.
    func markFlush(_ pollable: Pollable) {
        guard !pollable.isDirty else { return }
        pollable.isDirty = true
        flushes.append(pollable)
    }

    /// Takes back what `markFlush` asked for, before the connection goes to another loop. O(n).
    func unmarkFlush(_ pollable: Pollable) {
        guard pollable.isDirty else { return }
        pollable.isDirty = false
        if let index = flushes.firstIndex(where: { $0 === pollable }) { flushes[index] = nil }
    }

    /// Calls `ready` with input in the next turn though the kernel may have nothing new: bytes wait in user space.
    func readAgain(_ pollable: Pollable) { again.append(pollable) }

    // MARK: Turning

    /// Turns until `stop()`; the body of the loop's thread.
    func run() {
        freshet_set_thread_slot(Unmanaged.passUnretained(self).toOpaque())
        while !isStopping.load(ordering: .acquiring) { turn() }
        releaseAll()
        storedLocal = nil
        freshet_set_thread_slot(nil)
    }

    /// Ends what is registered, and runs what was posted until then: connections on their way here among it.
    private func releaseAll() {
        localWork.append(contentsOf: takePosted(closing: true))
        for pollable in table.all { pollable.loopStopped() }
        for _ in 0..<Self.roundsPerTurn where !localWork.isEmpty {
            runLocalWork()
            for pollable in table.all { pollable.loopStopped() }
        }
        timers.cancelAll()
        (flushes, again, turnEnds) = ([], [], TurnEndList())
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        ring()
    }

    private func turn() {
        let count = freshet_epoll_wait(epoll, events, Int32(Self.batch), waitNanoseconds())
        clock = .read()
        var index = 0
        while index < Int(count) {
            deliver(events[index])
            index += 1
        }
        if !again.isEmpty { deliverAgain() }
        if timers.next <= clock { fireTimers() }
        if !localWork.isEmpty { runLocalWork() }
        endTurn()
    }

    private func waitNanoseconds() -> Int64 {
        guard again.isEmpty, localWork.isEmpty, flushes.isEmpty, turnEnds.isEmpty else { return 0 }
        let next = timers.next
        guard next != .never else { return -1 }
        return max(0, next.nanoseconds - MonotonicTime.read().nanoseconds)
    }

    private static let bellKey = UInt64.max

    private func deliver(_ event: epoll_event) {
        guard event.data.u64 != Self.bellKey else { return takeInbox() }
        table[event.data.u64]?.ready(event.events)
    }

    private func deliverAgain() {
        let waiting = again
        again.removeAll(keepingCapacity: true)
        for pollable in waiting where pollable.slot >= 0 { pollable.ready(Poll.input) }
    }

    private func fireTimers() {
        var left = timers.count  // one that is set anew for this very moment waits for the next turn
        while left > 0, let timer = timers.popDue(clock) {
            timer.fire()
            left -= 1
        }
    }

    private func takeInbox() {
        var rings: UInt64 = 0
        _ = read(bell, &rings, 8)
        localWork.append(contentsOf: takePosted(closing: false))
    }

    private func takePosted(closing: Bool) -> [@Sendable () -> Void] {
        inbox.withLock { inbox in
            defer { inbox.work = [] }
            if closing { inbox.isClosed = true }
            return inbox.work
        }
    }

    private func runLocalWork() {
        swap(&localWork, &runningWork)
        for work in runningWork { work() }
        runningWork.removeAll(keepingCapacity: true)
    }

    /// Objects marked while others end their turn end it too; what is still left after the bounds waits one turn.
    private func endTurn() {
        var objects = 0
        for _ in 0..<Self.roundsPerTurn {
            while objects < Self.objectsPerTurn, let object = turnEnds.next() {
                object.turnEnded()
                objects += 1
            }
            guard !flushes.isEmpty else { return }
            flushAll()
            if turnEnds.isEmpty && flushes.isEmpty { return }
        }
    }

    private func flushAll() {
        let end = flushes.count
        var index = 0
        while index < end {
            if let pollable = flushes[index] {
                flushes[index] = nil
                pollable.isDirty = false
                pollable.flush()
            }
            index += 1
        }
        flushes.removeSubrange(0..<end)
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }
}
