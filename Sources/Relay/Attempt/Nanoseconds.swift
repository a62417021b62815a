/// A duration kept as whole nanoseconds: a `Duration` takes 16 bytes, aligned to as many, and every sum with one counts in
/// 128 bits.
@propertyWrapper
public struct Nanoseconds: Equatable, Sendable {
    /// The count; the most there is for a duration beyond 292 years.
    public var projectedValue: Int64

    /// Keeps a duration, cut to whole nanoseconds.
    public init(wrappedValue: Duration) { projectedValue = wrappedValue.wholeNanoseconds }

    /// Keeps a count of seconds.
    public init(seconds: Int64) { projectedValue = seconds * 1_000_000_000 }

    /// The duration.
    public var wrappedValue: Duration {
        get { .nanoseconds(projectedValue) }
        set { projectedValue = newValue.wholeNanoseconds }
    }
}

extension Duration {
    /// Whole nanoseconds; the most there is when that overflows.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max : whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
