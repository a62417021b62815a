/// The order in which events may come. Our own producers are checked with it in debug builds and tests.
public struct EventGrammar: Equatable, Sendable {
    /// The rule that an event broke.
    public enum Violation: Error, Equatable {
        /// The first event is `generationStart`, and only the first.
        case startOutOfPlace
        /// Blocks are numbered 0, 1, 2… in order of beginning.
        case blockNumber(Int, expected: Int)
        /// Only a block that began and has not ended has deltas, signatures, citations and an end.
        case blockNotOpen(Int)
        /// A finished generation leaves no block open.
        case blockLeftOpen(Int)
        /// A failure belongs to an outcome that is no success, and to no other.
        case failureMismatch
        /// Nothing follows the end.
        case afterEnd
    }

    private var hasStarted = false
    private var hasEnded = false
    private var openBlocks: [Int] = []
    private var nextBlock = 0

    /// Before the first event.
    public init() {}

    /// Takes the next event. O(open blocks).
    public mutating func accept(_ event: GenerationEvent) throws(Violation) {
        guard !hasEnded else { throw .afterEnd }
        if case .generationStart = event {
            guard !hasStarted else { throw .startOutOfPlace }
            hasStarted = true
            return
        }
        guard hasStarted else { throw .startOutOfPlace }
        switch event {
        case .blockStart(let start): try begin(start.block)
        case .blockDelta(let block, _, _):
            guard openBlocks.contains(block) else { throw .blockNotOpen(block) }
        case .blockEnd(let block, _):
            guard let place = openBlocks.firstIndex(of: block) else { throw .blockNotOpen(block) }
            openBlocks.remove(at: place)
        case .signature(let block, _), .citation(let block, _):
            guard openBlocks.contains(block) else { throw .blockNotOpen(block) }
        case .generationEnd(let end): try finish(end)
        case .generationStart, .attempt, .finish, .usage, .progress, .toolOutput, .file, .notice, .foreign: break
        }
    }

    private mutating func begin(_ block: Int) throws(Violation) {
        guard block == nextBlock else { throw .blockNumber(block, expected: nextBlock) }
        nextBlock += 1
        openBlocks.append(block)
    }

    private mutating func finish(_ end: GenerationEnd) throws(Violation) {
        guard (end.failure == nil) == end.outcome.isSuccess else { throw .failureMismatch }
        if end.outcome == .finished, let open = openBlocks.first { throw .blockLeftOpen(open) }
        hasEnded = true
    }
}
