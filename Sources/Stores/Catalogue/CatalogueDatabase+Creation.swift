package import FreshetGeneration

extension CatalogueDatabase {
    /// What became of a wish to create a generation.
    package enum Creation: Equatable, Sendable {
        /// It is this caller's: the generation is noted as running, its key taken.
        case created
        /// The key belongs to this generation already, with the same request: attach to it.
        case exists(GenerationID)
        /// The key belongs to another request.
        case keyTaken
        /// Another child of the same parent runs.
        case childRunning(GenerationID)
    }

    /// Notes a generation as running, if its key is free and no other child of its parent runs. All or nothing.
    ///
    /// - Parameters:
    ///   - entry: Without an end.
    ///   - idempotency: Nil when the client sent no key.
    ///   - now: Unix time in ms.
    ///   - keyMilliseconds: How long the key is kept.
    /// - Returns: Whether it may begin.
    /// - Throws: What the disk or the file says.
    package func create(
        _ entry: CatalogueEntry, idempotency: GenerationOrigin.Idempotency? = nil, now: UInt64,
        keyMilliseconds: UInt64 = CatalogueDatabase.keyMilliseconds
    ) throws(StoreFailure) -> Creation {
        try database.transaction { () throws(StoreFailure) -> Creation in
            if let idempotency, let holder = try holder(of: idempotency, entry.owner, now) {
                return holder.digest == idempotency.digest ? .exists(holder.generation) : .keyTaken
            }
            if let parent = entry.parent, let child = try runningChild(of: parent) { return .childRunning(child) }
            try note(entry)
            if let idempotency {
                let expiry = Int64(clamping: now) + Int64(clamping: keyMilliseconds)
                try take(idempotency, entry, isBound: false, expiry)
            }
            return .created
        }
    }

    /// Notes a generation as running that others have decided about: one that was found in a segment, or one for which
    /// this catalogue is behind. Its key is its own, unless a younger one has it.
    package func adopt(
        _ entry: CatalogueEntry, idempotency: GenerationOrigin.Idempotency?, isBound: Bool = true, keyExpiry: UInt64
    ) throws(StoreFailure) {
        try database.transaction { () throws(StoreFailure) in
            try note(entry)
            if let idempotency { try take(idempotency, entry, isBound: isBound, Int64(clamping: keyExpiry)) }
        }
    }

    /// The first content came: a later failure does not free the key any more.
    package func bindKey(of id: GenerationID) throws(StoreFailure) {
        try database.run("UPDATE keys SET bound = 1 WHERE generation = ?1", [.text(id.description)])
    }

    /// The generation failed before any content: its key is free for another try.
    package func freeKey(of id: GenerationID) throws(StoreFailure) {
        try database.run("DELETE FROM keys WHERE generation = ?1 AND bound = 0", [.text(id.description)])
    }

    /// The child that runs, of all generations that name this parent; nil when none does.
    package func runningChild(of parent: GenerationID) throws(StoreFailure) -> GenerationID? {
        try database.rows(
            "SELECT id FROM generations WHERE parent = ?1 AND ended = 0", [.text(parent.description)]
        ) { GenerationID($0.text(0)) }.first ?? nil
    }

    private func holder(
        of key: GenerationOrigin.Idempotency, _ owner: String, _ now: UInt64
    ) throws(StoreFailure) -> (generation: GenerationID, digest: [UInt8])? {
        let found = try database.rows(
            "SELECT generation, digest, expires_ms FROM keys WHERE owner = ?1 AND path = ?2 AND key = ?3",
            [.text(owner), .text(key.path), .text(key.key)]
        ) { (GenerationID($0.text(0)), $0.blob(1), $0.integer(2)) }.first
        guard let (generation, digest, expiry) = found, let generation, expiry > Int64(clamping: now) else {
            return nil
        }
        return (generation, digest)
    }

    private func note(_ entry: CatalogueEntry) throws(StoreFailure) {
        try database.run(
            """
            INSERT OR IGNORE INTO generations (id, owner, parent, ended, model, dialect, created_ms, last_seq, bytes)
            VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, 0, 0)
            """,
            [
                .text(entry.id.description), .text(entry.owner), .parent(entry.parent), .text(entry.model),
                .text(entry.dialect), .integer(Int64(clamping: entry.createdMilliseconds)),
            ])
    }
}
