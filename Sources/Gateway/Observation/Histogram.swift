/// Upper bounds of buckets, shared by all histograms that count the same thing.
struct HistogramBounds: Sendable, Equatable {
    /// What the counted numbers are.
    enum Unit: Sendable {
        case nanoseconds
        case count
    }

    let unit: Unit
    /// Rising; the bucket above the last takes the rest.
    let values: [UInt64]

    private init(_ unit: Unit, _ values: [UInt64]) { (self.unit, self.values) = (unit, values) }

    private init(milliseconds: [Double]) {
        self.init(.nanoseconds, milliseconds.map { UInt64($0 * 1_000_000) })
    }

    // Those that the semantic conventions for generative AI advise.

    /// 0.01 · 2ⁿ s, to 81.92 s.
    static let duration = HistogramBounds(.nanoseconds, (0..<14).map { 10_000_000 << $0 })
    /// 1 ms to 10 s.
    static let firstToken = HistogramBounds(
        milliseconds: [1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000])
    /// 10 ms to 2.5 s.
    static let perToken = HistogramBounds(
        milliseconds: [10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500])
    /// 4ⁿ, to 67,108,864.
    static let tokens = HistogramBounds(.count, (0..<14).map { 1 << (2 * $0) })

    /// 0.1 ms to 1 s.
    static let lag = HistogramBounds(
        milliseconds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000])
}

/// How many of some numbers fell between which bounds.
struct Histogram: Sendable, Equatable {
    let bounds: HistogramBounds
    /// Of each bucket alone; one more than there are bounds.
    private(set) var counts: [UInt64]
    /// Of all numbers, in the bounds' unit.
    private(set) var sum: UInt64 = 0

    init(_ bounds: HistogramBounds) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.values.count + 1)
    }

    /// How many numbers there were.
    var total: UInt64 { counts.reduce(0, &+) }

    /// Counts one number. O(bounds).
    mutating func observe(_ number: UInt64) {
        var bucket = 0
        while bucket < bounds.values.count, number > bounds.values[bucket] { bucket += 1 }
        counts[bucket] &+= 1
        sum &+= number
    }

    /// Adds what another one with the same bounds counted.
    mutating func merge(_ other: Histogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sum &+= other.sum
    }
}
