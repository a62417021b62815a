/// A number as it was written: peers' digits are neither rounded nor reformatted.
public struct JSONNumber: Equatable, Sendable {
    /// JSON's own notation, such as `1`, `1.0` or `-2.5e3`. Numbers are equal when these are.
    public let digits: String

    /// - Parameter digits: A number that a tokenizer accepted.
    package init(validDigits digits: String) { self.digits = digits }

    /// A number without point or exponent.
    public init(_ integer: some FixedWidthInteger) { digits = String(integer) }

    /// The shortest digits that read back as `double`; nil for infinities and NaN, which JSON has not.
    public init?(_ double: Double) {
        guard double.isFinite else { return nil }
        digits = String(describing: double)
    }

    /// The value, where it is a whole number: `1`, `1.0` and `1e3` are. nil otherwise, beyond 64 bits, and beyond
    /// 2⁵³ when it is written with a point or an exponent.
    public var int: Int? {
        if let exact = Int(digits) { return exact }
        guard let double, double.magnitude <= 0x1p53 else { return nil }
        // `Int(exactly:)` would make every user of this module link the C mathematics library.
        let truncated = Int(double)
        return Double(truncated) == double ? truncated : nil
    }

    /// The nearest `Double`; nil when the number is beyond its range.
    public var double: Double? {
        guard let double = Double(digits), double.isFinite else { return nil }
        return double
    }
}
