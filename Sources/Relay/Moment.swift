/// A point in time on a clock that never goes back, as the caller's clock gives it.
public struct Moment: Hashable, Comparable, Sendable {
    /// Since an origin that only the clock knows: good for differences, not for dates.
    public let nanoseconds: Int64

    /// A reading of the clock.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whether `left` came first.
    public static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment `delay` later; the farthest there is when that overflows.
    public static func + (moment: Moment, delay: Duration) -> Moment {
        moment.advanced(byNanoseconds: Nanoseconds(wrappedValue: delay).projectedValue)
    }

    /// The moment that many nanoseconds later; the farthest there is when that overflows.
    package func advanced(byNanoseconds count: Int64) -> Moment {
        let (sum, isTooFar) = nanoseconds.addingReportingOverflow(count)
        return Moment(nanoseconds: isTooFar ? .max : sum)
    }
}
