public import FreshetGeneration

/// Decides which ended generations stay in memory: the latest that fit.
public struct KeptGenerations: Equatable, Sendable {
    private var sizes: [GenerationID: Int] = [:]
    /// In the order of their ends; those that went by themselves stay until they are met.
    private var order: [GenerationID] = []
    private var head = 0
    private let limit: Int
    /// Of all that are kept.
    public private(set) var bytes = 0

    /// - Parameter limit: Bytes of all together.
    public init(limit: Int) { self.limit = limit }

    /// A generation has ended and is kept.
    ///
    /// - Parameters:
    ///   - generation: Not known here before.
    ///   - size: Bytes that keeping it takes.
    /// - Returns: What is to be given up for it, oldest first; itself where it alone is too much.
    public mutating func ended(_ generation: GenerationID, bytes size: Int) -> [GenerationID] {
        guard sizes[generation] == nil else { return [] }
        sizes[generation] = size
        order.append(generation)
        bytes += size
        var givenUp: [GenerationID] = []
        while bytes > limit, head < order.count {
            let oldest = order[head]
            head += 1
            guard let size = sizes.removeValue(forKey: oldest) else { continue }
            bytes -= size
            givenUp.append(oldest)
        }
        compact()
        return givenUp
    }

    /// It went: its time was over, or somebody deleted it.
    public mutating func forget(_ generation: GenerationID) {
        if let size = sizes.removeValue(forKey: generation) { bytes -= size }
        // Nothing of the order is kept but what waits for its time.
        if order.count > 2 * (sizes.count + 512) {
            order = order[head...].filter { sizes[$0] != nil }
            head = 0
        }
    }

    private mutating func compact() {
        guard head > 1024, head * 2 > order.count else { return }
        order.removeFirst(head)
        head = 0
    }
}
