/// Members of a provider's frame that our events have no place for: kept as raw bytes so that the same dialect's
/// encoder can put them back, and ignored by all others. Consecutive events with equal extras share one copy.
public struct Extras: Equatable, Sendable {
    /// Whose they are.
    public let dialect: DialectName
    /// In a form that only that dialect's codec reads.
    public let bytes: [UInt8]
    /// Whether equal copies on consecutive events say the same thing once (a fingerprint), or each is news (log
    /// probabilities): then no two events share a copy, and none is merged away.
    public let isConstant: Bool

    /// `bytes` are not looked into: only the dialect's own codec can tell what is wrong with them.
    public init(dialect: DialectName, bytes: [UInt8], isConstant: Bool = true) {
        (self.dialect, self.bytes, self.isConstant) = (dialect, bytes, isConstant)
    }
}
