import FreshetTransport
import Glibc
import Synchronization

/// Prints lines on a thread of its own: a reader of standard output who reads no more stops no stream.
///
/// The thread is woken for the first line after a silence; then it gathers for 20 ms what comes and writes that at
/// once, so that under load a line costs a copy and no system call.
final class LogWriter: Sendable {
    private struct State {
        var buffer: LogBuffer
        /// The thread sleeps until it is woken.
        var isAsleep = false
        var isClosing = false
    }
    private let state: Locked<State>
    private let hasEnded = Atomic<Bool>(false)
    private let bell = Semaphore()
    private let descriptor: Int32
    private let noticeOfLoss: @Sendable (_ lines: UInt64, _ out: inout [UInt8]) -> Void
    private static let gathering: UInt32 = 20_000

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - descriptor: Where lines go; not closed.
    ///   - limit: Bytes that wait or are being written; see `LogBuffer`.
    ///   - noticeOfLoss: Appends the line that says how many were dropped.
    /// - Throws: `systemFailure` when the system gives no thread.
    init(
        to descriptor: Int32, limit: Int, noticeOfLoss: @escaping @Sendable (UInt64, inout [UInt8]) -> Void
    ) throws(TransportError) {
        self.descriptor = descriptor
        self.noticeOfLoss = noticeOfLoss
        state = Locked(State(buffer: LogBuffer(limit: limit)))
        try startDetachedThread(named: "log") { [self] in run() }
    }

    /// Hands one line over. Never waits for whoever reads.
    func write(_ line: [UInt8]) {
        let wakes = state.withLock { state in
            state.buffer.append(line)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { bell.signal() }
    }

    /// Lines given, and lines dropped.
    var counts: (lines: UInt64, dropped: UInt64) { state.withLock { ($0.buffer.lines, $0.buffer.dropped) } }

    /// Has what waits printed and ends the thread.
    ///
    /// - Parameter milliseconds: Given up after so long: nobody may be reading.
    func close(within milliseconds: Int) {
        let wakes = state.withLock { state in
            state.isClosing = true
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { bell.signal() }
        for _ in 0..<milliseconds where !hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }

    // MARK: The thread

    private func run() {
        var batch: [UInt8] = []
        while true {
            let (isClosing, dropped) = state.withLock { ($0.isClosing, $0.buffer.swap(with: &batch)) }
            if dropped > 0 { noticeOfLoss(dropped, &batch) }
            if !batch.isEmpty {
                send(batch)
                if !isClosing { usleep(Self.gathering) }
            } else if isClosing {
                return hasEnded.store(true, ordering: .releasing)
            } else {
                waitForBell()
            }
        }
    }

    private func waitForBell() {
        let sleeps = state.withLock { state in
            state.isAsleep = state.buffer.isEmpty && !state.isClosing
            return state.isAsleep
        }
        guard sleeps else { return }
        bell.wait()
        if !state.withLock({ $0.isClosing }) { usleep(Self.gathering) }
    }

    private func send(_ batch: [UInt8]) {
        var rest = batch[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody else made the descriptor non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, 100)
            } else if errno != EINTR {
                let lines = rest.count { $0 == 0x0A }
                return state.withLock { $0.buffer.lost(UInt64(lines)) }
            }
        }
    }
}
