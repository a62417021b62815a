/// What one run of a fuzzer is about: its first byte chooses how the rest is cut into chunks.
struct FuzzInput {
    let bytes: [UInt8]
    private let seed: UInt8

    init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        let all = UnsafeBufferPointer(start: start, count: count)
        seed = all.first ?? 0
        bytes = Array(all.dropFirst())
    }

    /// All bytes in one chunk, one byte a chunk, and chunks of sizes that follow from the seed.
    var chunkings: [[ArraySlice<UInt8>]] {
        [[bytes[...]], bytes.indices.map { bytes[$0...$0] }, seededChunks]
    }

    private var seededChunks: [ArraySlice<UInt8>] {
        var chunks: [ArraySlice<UInt8>] = []
        var start = 0
        var state = UInt32(seed) &* 2_654_435_761 | 1
        while start < bytes.count {
            state = state &* 1_664_525 &+ 1_013_904_223
            let end = min(bytes.count, start + 1 + Int(state >> 24) % (1 + Int(seed) % 64))
            chunks.append(bytes[start..<end])
            start = end
        }
        return chunks
    }

    /// Traps, which the fuzzer reports, unless every chunking has the same result.
    func expectSameForEveryChunking<Result: Equatable>(_ decode: ([ArraySlice<UInt8>]) -> Result) {
        let results = chunkings.map(decode)
        expect(results.allSatisfy { $0 == results[0] }, "chunking changed the result: \(results)")
    }
}
