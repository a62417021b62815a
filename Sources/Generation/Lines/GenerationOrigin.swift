/// Where a generation comes from: what a process that finds only its log needs in order to go on with it.
public struct GenerationOrigin: Equatable, Sendable {
    /// What a client's `Idempotency-Key` bound.
    public struct Idempotency: Equatable, Sendable {
        /// The key as the client sent it.
        public var key: String
        /// The request's path: keys of different endpoints are different keys.
        public var path: String
        /// A digest of the request's body; the same key with another one is refused.
        public var digest: [UInt8]

        /// All three are compared byte by byte.
        public init(key: String, path: String, digest: [UInt8]) {
            (self.key, self.path, self.digest) = (key, path, digest)
        }
    }

    /// The principal of the key that made it.
    public var owner: String
    /// The generation it goes on from; nil for the first of a conversation.
    public var parent: GenerationID?
    /// Nil when the client sent no key.
    public var idempotency: Idempotency?
    /// The dialect of the request, as in `DialectName`; one that this version does not know survives.
    public var dialect: String
    /// Whether it runs to its end without any reader.
    public var runsToEnd: Bool
    /// The request's body in its own dialect; empty when it is not kept.
    public var request: [UInt8]

    /// What is not given was not there.
    public init(
        owner: String, parent: GenerationID? = nil, idempotency: Idempotency? = nil, dialect: String = "native",
        runsToEnd: Bool = false, request: [UInt8] = []
    ) {
        (self.owner, self.parent, self.idempotency, self.dialect) = (owner, parent, idempotency, dialect)
        (self.runsToEnd, self.request) = (runsToEnd, request)
    }
}
