package import FreshetGeneration

extension CatalogueDatabase {
    /// How long a key is kept from its generation's beginning, unless said otherwise: a day, in ms.
    package static let keyMilliseconds: UInt64 = 86_400_000

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

    /// What becomes of a key when the generation that it made has ended.
    package struct EndedKey: Equatable, Sendable {
        /// As it was kept with the first event.
        package let key: GenerationOrigin.Idempotency
        /// Whether the same request may be made again; else the key names this generation.
        package let isFree: Bool
        /// In Unix ms.
        package let expiry: UInt64
    }

    func settle(_ ended: EndedKey, _ entry: CatalogueEntry) throws(StoreFailure) {
        guard ended.isFree else { return try take(ended.key, entry, isBound: true, Int64(clamping: ended.expiry)) }
        try database.run("DELETE FROM keys WHERE generation = ?1", [.text(entry.id.description)])
    }

    /// Has a key name a generation, unless it was given to a younger one since.
    func take(
        _ key: GenerationOrigin.Idempotency, _ entry: CatalogueEntry, isBound: Bool, _ expiry: Int64
    ) throws(StoreFailure) {
        try database.run(
            """
            INSERT INTO keys (owner, path, key, digest, generation, bound, expires_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (owner, path, key) DO UPDATE SET digest = ?4, generation = ?5, bound = ?6, expires_ms = ?7
                WHERE generation <= ?5
            """,
            [
                .text(entry.owner), .text(key.path), .text(key.key), .blob(key.digest), .text(entry.id.description),
                .integer(isBound ? 1 : 0), .integer(expiry),
            ])
    }

    /// The request's path and the key that a generation was made with; nil where there was none, or it is free.
    package func key(of id: GenerationID) throws(StoreFailure) -> (path: String, key: String)? {
        try database.rows("SELECT path, key FROM keys WHERE generation = ?1", [.text(id.description)]) {
            ($0.text(0), $0.text(1))
        }.first
    }

    /// The keys that hold, in the order in which they were bound.
    ///
    /// - Parameters:
    ///   - now: Unix time in ms.
    ///   - keyMilliseconds: How long keys are kept.
    /// - Returns: Those of all owners.
    /// - Throws: What the disk or the file says.
    package func keys(
        now: UInt64, keyMilliseconds: UInt64 = CatalogueDatabase.keyMilliseconds
    ) throws(StoreFailure) -> [BoundKey] {
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
