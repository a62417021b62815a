public import FreshetGeneration

/// Sees to it that a conversation goes on in one place at a time: of each generation at most one child is running.
public struct RunningChildren: Equatable, Sendable {
    private var children: [GenerationID: GenerationID] = [:]

    /// None runs.
    public init() {}

    /// A child is about to begin.
    ///
    /// - Returns: The one that is running already, which forbids it; nil when it may begin, and from now on it runs.
    public mutating func begin(_ child: GenerationID, of parent: GenerationID) -> GenerationID? {
        if let running = children[parent] { return running }
        children[parent] = child
        return nil
    }

    /// A child has ended, or never began.
    public mutating func end(_ child: GenerationID, of parent: GenerationID) {
        if children[parent] == child { children[parent] = nil }
    }
}
