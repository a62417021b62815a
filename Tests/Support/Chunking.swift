/// The ways a test cuts its input, so that no answer depends on how bytes were chunked.
public enum Chunking {
    /// Every split into two for inputs up to 4 KiB; for all, chunks of 1, 2, 3, 7, 64 and 1460 bytes and `random`
    /// seeded random splits. The whole input in one piece comes first.
    public static func plans(count: Int, random: Int = 200, seed: UInt64 = 1) -> [[Range<Int>]] {
        var plans = [[0..<count]]
        if count <= 4096, count > 1 {
            for split in 1..<count { plans.append([0..<split, split..<count]) }
        }
        for size in [1, 2, 3, 7, 64, 1460] where size < count {
            plans.append(stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) })
        }
        if count > 4096 {
            var numbers = SeededGenerator(seed: seed)
            for _ in 0..<random {
                var plan: [Range<Int>] = []
                var start = 0
                while start < count {
                    let end = min(count, start + Int.random(in: 1...max(1, min(4096, count / 2)), using: &numbers))
                    plan.append(start..<end)
                    start = end
                }
                plans.append(plan)
            }
        }
        return plans
    }
}

/// SplitMix64: the same numbers for the same seed on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
