import FreshetEventStreams
import FreshetTestSupport
import Glibc
import Testing

/// Prints what N, 2N and 4N bytes cost: near 2 and 4 is linear, 4 and 16 quadratic. Nothing is asserted on time.
struct LinearCostTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Bytes at N.
        let count: Int
        let chunk: Int
        let unit: String
        let end: String
    }

    @Test(arguments: [
        Shape(testDescription: "short events, whole", count: 1 << 18, chunk: .max, unit: "data: {}\n\n", end: ""),
        Shape(testDescription: "short events, byte by byte", count: 1 << 16, chunk: 1, unit: "data: {}\n\n", end: ""),
        Shape(testDescription: "one line, byte by byte", count: 1 << 16, chunk: 1, unit: "data: data: ", end: "\n\n"),
        Shape(testDescription: "one event of lines, whole", count: 1 << 18, chunk: .max, unit: "data: x\n", end: "\n"),
        Shape(
            testDescription: "one event of lines, types and comments, byte by byte", count: 1 << 16, chunk: 1,
            unit: "data\nevent: a long type name\n: and so on\n", end: "\n"),
    ])
    func costGrowsWithTheBytes(_ shape: Shape) throws {
        let costs = try [1, 2, 4].map { factor in
            var input: [UInt8] = []
            while input.count < factor * shape.count { input += Array(shape.unit.utf8) }
            input += Array(shape.end.utf8)
            return try cost(input, chunk: shape.chunk)
        }
        let ratios = costs.map { ($0 / costs[0] * 10).rounded() / 10 }
        print("linear cost: \(shape.testDescription): 1 : \(ratios[1]) : \(ratios[2])")
    }

    /// Seconds of processor time, the best of three.
    private func cost(_ input: [UInt8], chunk: Int) throws -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = threadTime()
            try run(input, chunk: chunk)
            best = min(best, threadTime() - start)
        }
        return best
    }

    private func run(_ input: [UInt8], chunk: Int) throws {
        var decoder = EventStreamDecoder()
        var (start, items) = (0, 0)
        while start < input.count {
            let end = start + min(chunk, input.count - start)
            decoder.receive(input.span.extracting(start..<end))
            while try decoder.next() != nil { items += 1 }
            start = end
        }
        #expect(items > 0)
    }

    /// Seconds this thread has run: other tests run beside this one.
    private func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
