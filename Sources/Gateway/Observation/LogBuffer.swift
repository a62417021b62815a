/// Lines on their way to whoever prints them: bounded, and whole lines only.
///
/// Two arrays that change places: one takes lines while the other is being printed. Both together hold at most `limit`.
struct LogBuffer: Sendable {
    private var waiting: [UInt8] = []
    /// Bytes that are being printed.
    private var printing = 0
    private let limit: Int
    /// Lines ever given.
    private(set) var lines: UInt64 = 0
    /// Lines that found no room.
    private(set) var dropped: UInt64 = 0
    /// Dropped lines of which nothing was said yet.
    private var untold: UInt64 = 0

    /// - Parameter limit: Bytes; a line that would go past them is dropped and counted.
    init(limit: Int) { self.limit = limit }

    /// Whether nothing waits.
    var isEmpty: Bool { waiting.isEmpty && untold == 0 }

    /// Takes a line.
    ///
    /// - Parameter line: With its line break.
    mutating func append(_ line: [UInt8]) {
        lines &+= 1
        guard waiting.count + printing + line.count <= limit else {
            dropped &+= 1
            untold &+= 1
            return
        }
        waiting += line
    }

    /// Gives all lines that wait, and takes those printed before back as room.
    ///
    /// - Parameter batch: What the last call gave; its memory is used again.
    /// - Returns: How many lines were dropped since the last call.
    mutating func swap(with batch: inout [UInt8]) -> UInt64 {
        batch.removeAll(keepingCapacity: true)
        Swift.swap(&waiting, &batch)
        printing = batch.count
        defer { untold = 0 }
        return untold
    }

    /// Counts lines that were taken and could not be printed.
    mutating func lost(_ count: UInt64) { dropped &+= count }
}
