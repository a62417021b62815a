public import FreshetGeneration

/// Decides what a repeated `Idempotency-Key` means: one key makes one generation, however often it is sent.
///
/// Times are Unix milliseconds, for the keys outlive a process.
public struct IdempotencyKeys: Equatable, Sendable {
    /// Whose key it is and for what: the same word of another owner or for another path is another key.
    public struct Scope: Hashable, Sendable {
        /// The principal of the caller's key.
        public var owner: String
        /// The request's path.
        public var path: String
        /// As the client sent it.
        public var key: String

        /// All three are compared byte by byte.
        public init(owner: String, path: String, key: String) {
            (self.owner, self.path, self.key) = (owner, path, key)
        }
    }

    /// What a request with a key is.
    public enum Answer: Equatable, Sendable {
        /// The first of its kind: make the generation.
        case new
        /// The same request again: it reads what the first one made.
        case attach(GenerationID)
        /// Another body under the same key.
        case mismatch(GenerationID)
    }

    private struct Binding: Equatable, Sendable {
        var digest: [UInt8]
        var generation: GenerationID
        var expires: UInt64
    }

    private var bindings: [Scope: Binding] = [:]
    /// In the order of binding, which is the order of expiry; those that were freed stay until they are met.
    private var order: [(scope: Scope, generation: GenerationID)] = []
    private var head = 0
    private let lifetime: UInt64
    private let limit: Int

    /// - Parameters:
    ///   - lifetime: How long a key is remembered, in ms.
    ///   - limit: How many are; past it the oldest is given up.
    public init(lifetime: UInt64 = 24 * 3600 * 1000, limit: Int = 1 << 16) {
        (self.lifetime, self.limit) = (lifetime, limit)
    }

    /// How many keys are remembered.
    public var count: Int { bindings.count }

    /// Looks for what a key made; nothing is claimed.
    ///
    /// - Parameters:
    ///   - scope: The key.
    ///   - digest: Of the request's body.
    ///   - now: Unix ms.
    /// - Returns: `attach` or `mismatch`; nil where the key is free.
    public mutating func answer(to scope: Scope, digest: [UInt8], at now: UInt64) -> Answer? {
        expire(at: now)
        guard let known = bindings[scope] else { return nil }
        return known.digest == digest ? .attach(known.generation) : .mismatch(known.generation)
    }

    /// A request with a key arrived.
    ///
    /// - Parameters:
    ///   - scope: The key.
    ///   - digest: Of the request's body.
    ///   - generation: What it would make.
    ///   - now: Unix ms.
    /// - Returns: Only after `new` is anything to be made.
    public mutating func claim(
        _ scope: Scope, digest: [UInt8], for generation: GenerationID, at now: UInt64
    ) -> Answer {
        if let known = answer(to: scope, digest: digest, at: now) { return known }
        let (expires, isBeyond) = now.addingReportingOverflow(lifetime)
        bindings[scope] = Binding(digest: digest, generation: generation, expires: isBeyond ? .max : expires)
        order.append((scope, generation))
        while bindings.count > limit { giveUpOldest() }
        return .new
    }

    /// What the key made has failed before any content, was never begun, or was deleted: the next request is a first one.
    public mutating func free(_ scope: Scope, of generation: GenerationID) {
        if bindings[scope]?.generation == generation { bindings[scope] = nil }
        // What was freed does not wait for its time in the order, or refused requests would fill it.
        if order.count > 2 * (bindings.count + 512) {
            order = order[head...].filter { bindings[$0.scope]?.generation == $0.generation }
            head = 0
        }
    }

    private mutating func expire(at now: UInt64) {
        while head < order.count {
            let first = order[head]
            if let binding = bindings[first.scope], binding.generation == first.generation, binding.expires > now {
                return
            }
            giveUpOldest()
        }
    }

    private mutating func giveUpOldest() {
        guard head < order.count else { return }
        let first = order[head]
        head += 1
        free(first.scope, of: first.generation)
        if head > 1024, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
    }

    /// Whether both would decide alike from now on.
    public static func == (left: Self, right: Self) -> Bool {
        left.bindings == right.bindings && left.lifetime == right.lifetime && left.limit == right.limit
            && left.order[left.head...].elementsEqual(right.order[right.head...], by: ==)
    }
}
