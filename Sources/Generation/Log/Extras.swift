/// Members of a provider's frame that our events have no place for: kept as raw bytes so that the same dialect's
/// encoder can put them back, and ignored by all others. Consecutive events with equal extras share one copy.
public struct Extras: Equatable, Sendable {
    /// They go along with every token: copying costs one reference, and comparing with oneself nothing.
    private final class Storage: Sendable {
        let dialect: DialectName
        let bytes: [UInt8]
        let isConstant: Bool

        init(_ dialect: DialectName, _ bytes: [UInt8], _ isConstant: Bool) {
            (self.dialect, self.bytes, self.isConstant) = (dialect, bytes, isConstant)
        }
    }

    private let storage: Storage

    /// Whose they are.
    public var dialect: DialectName { storage.dialect }
    /// In a form that only that dialect's codec reads.
    public var bytes: [UInt8] { storage.bytes }
    /// Whether equal copies on consecutive events say the same thing once (a fingerprint), or each is news (log
    /// probabilities): then no two events share a copy, and none is merged away.
    public var isConstant: Bool { storage.isConstant }

    /// `bytes` are not looked into: only the dialect's own codec can tell what is wrong with them.
    public init(dialect: DialectName, bytes: [UInt8], isConstant: Bool = true) {
        storage = Storage(dialect, bytes, isConstant)
    }

    /// Whether both say the same.
    public static func == (left: Extras, right: Extras) -> Bool {
        left.storage === right.storage
            || (left.dialect == right.dialect && left.isConstant == right.isConstant && left.bytes == right.bytes)
    }
}
