import FreshetGeneration
import FreshetTransport
import Synchronization

/// Where each generation lives. Shared by all loops; locked per request, never per token.
final class GenerationRegistry: Sendable {
    /// One generation's place.
    struct Place: Sendable {
        let owner: String
        let generation: LoopBound<LiveGeneration>
    }

    private let places = Locked<[GenerationID: Place]>([:])

    func add(_ generation: LiveGeneration) {
        let place = Place(owner: generation.owner, generation: LoopBound(generation, on: generation.loop))
        places.withLock { $0[generation.id] = place }
    }

    /// Its place; nil when it is unknown or forgotten.
    func place(of id: GenerationID) -> Place? { places.withLock { $0[id] } }

    func remove(_ id: GenerationID) { places.withLock { _ = $0.removeValue(forKey: id) } }

    /// All places, in no order.
    var all: [Place] { places.withLock { Array($0.values) } }

    /// How many there are.
    var count: Int { places.withLock { $0.count } }
}
