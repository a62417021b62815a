import Glibc

/// Random numbers of the kernel, drawn in batches: a system call each would cost more than all else an id needs.
struct RandomPool: RandomNumberGenerator {
    // The most that getentropy(3) gives.
    private static let batch = 256 / MemoryLayout<UInt64>.size
    private var numbers: [UInt64] = []

    mutating func next() -> UInt64 {
        if let number = numbers.popLast() { return number }
        numbers = Array(repeating: 0, count: Self.batch)
        let result = numbers.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
        precondition(result == 0, "the kernel has no random numbers")
        return numbers.removeLast()
    }
}
