package import FreshetGeneration

extension CatalogueDatabase {
    /// An idempotency key that belongs to a generation.
    package struct BoundKey: Equatable, Sendable {
        /// Whose key it is.
        package let owner: String
        /// Of the request.
        package let path: String
        /// As the client sent it.
        package let key: String
        /// Of the request's body.
        package let digest: [UInt8]
        /// What it made.
        package let generation: GenerationID
        /// When, in Unix ms.
        package let boundMilliseconds: UInt64
    }

    /// The keys that hold, in the order in which they were bound.
    ///
    /// - Parameters:
    ///   - now: Unix time in ms.
    ///   - keyMilliseconds: How long keys are kept.
    /// - Returns: Those of all owners.
    /// - Throws: What the disk or the file says.
    package func keys(now: UInt64, keyMilliseconds: UInt64 = 86_400_000) throws(StoreFailure) -> [BoundKey] {
        try database.rows(
            "SELECT owner, path, key, digest, generation, expires_ms FROM keys WHERE expires_ms > ?1 ORDER BY expires_ms",
            [.integer(Int64(clamping: now))]
        ) { row in
            GenerationID(row.text(4)).map { generation in
                BoundKey(
                    owner: row.text(0), path: row.text(1), key: row.text(2), digest: row.blob(3),
                    generation: generation,
                    boundMilliseconds: UInt64(clamping: row.integer(5) - Int64(clamping: keyMilliseconds)))
            }
        }.compactMap { $0 }
    }
}
