import Glibc
import Synchronization

/// The event loops of a process, each on a thread of its own.
public final class EventLoopGroup: Sendable {
    /// In the order of their indexes; never empty.
    public let loops: [EventLoop]
    private let threads: Locked<[pthread_t]>

    private init(loops: [EventLoop], threads: [pthread_t]) {
        self.loops = loops
        self.threads = Locked(threads)
    }

    /// Starts `count` loops (at least one) and raises the process' descriptor limit to its hard limit.
    public static func start(count: Int) throws -> EventLoopGroup {
        DescriptorLimit.raise()
        let loops = try (0..<max(1, count)).map { try EventLoop(index: $0) }
        let threads = try loops.map { loop in try startThread(named: "loop-\(loop.index)") { loop.run() } }
        return EventLoopGroup(loops: loops, threads: threads)
    }

    /// Ends every loop, closes what is registered with them and waits for their threads. Not to be called on a loop.
    public func shutdown() {
        let waiting = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for loop in loops { loop.stop() }
        for thread in waiting { pthread_join(thread, nil) }
    }
}
