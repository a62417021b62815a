/// What was found wrong in one segment file.
package struct SegmentReport: Equatable, Sendable {
    /// Bytes that are not what was written.
    package struct Damage: Equatable, Sendable {
        /// Of the first byte, from the beginning of the file.
        package var offset: UInt64
        /// Whole lines' worth.
        package var bytes: Int
    }

    /// Of the file.
    package var path: String
    /// Sound lines read.
    package var lines = 0
    /// The first 16 places; each costs the lines it is in.
    package var damages: [Damage] = []
    /// All of them.
    package var damageCount = 0
    /// Where the last line begins that was cut when the process that wrote it ended; nil when there is none. No damage.
    package var tornAt: UInt64?
    /// Why the file, or its rest, could not be read at all.
    package var failure: StoreFailure?

    /// Whether somebody should be told.
    package var isDamaged: Bool { damageCount > 0 || failure != nil }

    init(path: String) { self.path = path }

    mutating func add(_ damage: Damage) {
        damageCount += 1
        if damages.count < 16 { damages.append(damage) }
    }
}
