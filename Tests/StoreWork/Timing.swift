import Glibc

/// Durations of one kind of step, in ns.
struct Timing {
    private(set) var nanoseconds: [UInt64] = []

    init(capacity: Int) { nanoseconds.reserveCapacity(capacity) }

    static func now() -> UInt64 { clock(CLOCK_MONOTONIC) }

    /// CPU time of this process.
    static func processTime() -> UInt64 { clock(CLOCK_PROCESS_CPUTIME_ID) }

    /// CPU time of this thread.
    static func threadTime() -> UInt64 { clock(CLOCK_THREAD_CPUTIME_ID) }

    private static func clock(_ id: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(id, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    mutating func add(since start: UInt64) { nanoseconds.append(Self.now() - start) }

    static let columns = ["p50", "p99", "p99.9", "longest"]

    /// As `columns`, in µs.
    var summary: [String] {
        let sorted = nanoseconds.sorted()
        guard let longest = sorted.last else { return Self.columns.map { _ in "–" } }
        let ranks = [0.5, 0.99, 0.999].map { sorted[Int(Double(sorted.count - 1) * $0)] }
        return (ranks + [longest]).map { nanoseconds in
            let tenths = (nanoseconds + 50) / 100
            return "\(tenths / 10).\(tenths % 10)"
        }
    }

    /// Prints the head of a Markdown table.
    static func head(_ columns: [String]) {
        print("| " + columns.joined(separator: " | ") + " |")
        print("|---|" + String(repeating: "---:|", count: columns.count - 1))
    }

    static func row(_ cells: [String]) {
        print("| " + cells.joined(separator: " | ") + " |")
    }
}
