package import FreshetGeneration

extension CatalogueDatabase {
    /// Generations forgotten at a time, so that others do not wait long.
    private static let batch = 200
    /// How long what was forgotten is known as such.
    private static let forgottenMilliseconds: Int64 = 7 * 86_400_000

    /// Forgets what is older, or more, than may be kept: the oldest end first. Running generations stay. Call it again
    /// while it returns any.
    ///
    /// - Parameters:
    ///   - endedBefore: Unix time in ms.
    ///   - bytes: All kept logs and messages together.
    ///   - now: Unix time in ms.
    /// - Returns: What was forgotten, at most 200.
    /// - Throws: What the disk or the file says; then nothing was forgotten.
    package func expire(endedBefore: UInt64, bytes: Int, now: UInt64) throws(StoreFailure) -> [GenerationID] {
        let batch = Self.batch
        return try database.transaction { () throws(StoreFailure) -> [GenerationID] in
            try database.run("DELETE FROM keys WHERE expires_ms <= ?1", [.integer(Int64(clamping: now))])
            // No segment is as old: only a running generation keeps one.
            try database.run(
                "DELETE FROM forgotten WHERE at_ms <= ?1", [.integer(Int64(clamping: now) - Self.forgottenMilliseconds)]
            )
            var rest = try keptBytes() - bytes
            let oldest = try database.rows(
                """
                SELECT id, ended_ms, bytes FROM generations WHERE ended = 1 ORDER BY ended_ms LIMIT \(batch)
                """
            ) { (GenerationID($0.text(0)), UInt64(clamping: $0.integer(1)), Int($0.integer(2))) }
            var forgotten: [GenerationID] = []
            for case (let id?, let ended, let size) in oldest where rest > 0 || ended < endedBefore {
                try remove(id, now: now)
                rest -= size
                forgotten.append(id)
            }
            if !forgotten.isEmpty { try database.execute("PRAGMA incremental_vacuum(1024)") }
            return forgotten
        }
    }

    /// Bytes of all kept logs and messages together.
    package func keptBytes() throws(StoreFailure) -> Int {
        Int(
            try database.rows("SELECT coalesce(sum(bytes), 0) FROM generations WHERE ended = 1") { $0.integer(0) }.first
                ?? 0)
    }
}
