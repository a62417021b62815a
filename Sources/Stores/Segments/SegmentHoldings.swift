package import FreshetGeneration

/// Which segments hold entries of which generations, so that a file goes when nobody needs it any more.
package struct SegmentHoldings: Sendable {
    private struct Segment: Sendable {
        let path: String
        var generations: Set<GenerationID>
        var isOpen: Bool
    }
    private var segments: [Segment] = []

    /// None.
    package init() {}

    /// Files that are held.
    package var paths: [String] { segments.map(\.path) }

    /// A file begins to be written, or was found.
    mutating func add(_ path: String, _ generations: Set<GenerationID> = [], isOpen: Bool) {
        segments.append(Segment(path: path, generations: generations, isOpen: isOpen))
    }

    /// The file added last has entries of a generation.
    mutating func note(_ generation: GenerationID) { segments[segments.count - 1].generations.insert(generation) }

    /// Whether the file added last holds what somebody needs.
    var isLastNeeded: Bool { segments.last?.generations.isEmpty == false }

    /// The file added last is complete.
    mutating func close() { if !segments.isEmpty { segments[segments.count - 1].isOpen = false } }

    /// A generation is kept elsewhere.
    mutating func release(_ generation: GenerationID) {
        for place in segments.indices { segments[place].generations.remove(generation) }
    }

    /// Takes the files that nobody needs: they may be deleted.
    package mutating func takeUnneeded() -> [String] {
        let paths = segments.filter { !$0.isOpen && $0.generations.isEmpty }.map(\.path)
        if !paths.isEmpty { segments.removeAll { !$0.isOpen && $0.generations.isEmpty } }
        return paths
    }

    /// A generation is kept elsewhere.
    ///
    /// - Returns: The files that nobody needs any more: they may be deleted.
    package mutating func released(_ generation: GenerationID) -> [String] {
        release(generation)
        return takeUnneeded()
    }
}
