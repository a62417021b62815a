import CLinux
import Glibc

/// A descriptor in a loop's epoll set; confined to that loop.
class Pollable {
    /// Owned; -1 when there is none.
    final var descriptor: Int32 = -1
    /// Its place in the loop's table, -1 when it is not registered.
    final var slot = -1
    final var interest: UInt32 = 0
    /// Whether it waits to be flushed at the end of this turn.
    final var isDirty = false

    deinit { closeDescriptor() }

    /// Gives the descriptor back; the loop must have removed it.
    final func closeDescriptor() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// The descriptor can be read or written, or has failed; `events` are epoll's.
    func ready(_ events: UInt32) {}

    /// Once at the end of each turn in which it was marked: performs the one write.
    func flush() {}

    /// The loop ends: release everything.
    func loopStopped() {}
}

/// epoll's event bits, which import as enumeration members without a set's operations.
enum Poll {
    static let input = EPOLLIN.rawValue
    static let output = EPOLLOUT.rawValue
    static let halfClosed = EPOLLRDHUP.rawValue
    static let failed = EPOLLERR.rawValue
    static let hungUp = EPOLLHUP.rawValue
}
