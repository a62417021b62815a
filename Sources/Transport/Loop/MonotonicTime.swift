import Glibc

/// A moment of the monotonic clock.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since an arbitrary start, never negative.
    public let nanoseconds: Int64

    /// The moment `nanoseconds` after the clock's start.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than any moment a loop will see.
    public static let never = MonotonicTime(nanoseconds: .max)

    /// Reads the clock, about 20 ns; code on a loop asks `EventLoop.now()`, which is read once per turn.
    public static func read() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// This moment moved by a count of nanoseconds; stays at `never` instead of overflowing.
    public func advanced(byNanoseconds count: Int64) -> MonotonicTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(count)
        return overflow ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// This moment moved by a duration; stays at `never` instead of overflowing.
    public static func + (moment: MonotonicTime, duration: Duration) -> MonotonicTime {
        moment.advanced(byNanoseconds: duration.wholeNanoseconds)
    }

    /// The time between two moments, negative when `left` is the earlier one.
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }

    /// Whether `left` comes first; `never` comes last.
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// Whole nanoseconds, held at `Int64.max` (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < 9_000_000_000 else { return .max }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
