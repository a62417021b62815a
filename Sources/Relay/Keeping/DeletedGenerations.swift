public import FreshetGeneration

/// Remembers which generations were deleted last, so that a question that was asked of the disk before does not bring
/// one back.
public struct DeletedGenerations: Equatable, Sendable {
    private var known: Set<GenerationID> = []
    /// In the order of deletion, from `head` on around.
    private var order: [GenerationID] = []
    private var head = 0
    private let limit: Int

    /// - Parameter limit: How many are remembered; past it the oldest is given up. A question of the disk is answered
    ///   long before.
    public init(limit: Int = 1024) { self.limit = limit }

    /// One was deleted.
    public mutating func insert(_ generation: GenerationID) {
        guard known.insert(generation).inserted else { return }
        guard order.count == limit else { return order.append(generation) }
        known.remove(order[head])
        order[head] = generation
        head = (head + 1) % limit
    }

    /// Whether it was deleted, as far as that is remembered.
    public func contains(_ generation: GenerationID) -> Bool { known.contains(generation) }
}
