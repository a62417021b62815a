/// The catalogue's tables. `user_version` says which of the steps a file has behind it; a step never changes.
enum CatalogueSchema {
    static let steps = [
        """
        CREATE TABLE generations (
            id TEXT PRIMARY KEY NOT NULL,
            owner TEXT NOT NULL,
            parent TEXT,
            ended INTEGER NOT NULL,         -- 0 while it runs
            outcome TEXT,
            model TEXT NOT NULL,
            dialect TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            ended_ms INTEGER,
            last_seq INTEGER NOT NULL,
            bytes INTEGER NOT NULL,         -- of its log's lines and its message
            message BLOB                    -- JSON
        ) STRICT;
        CREATE INDEX generations_of_owner ON generations (owner, id);
        CREATE INDEX generations_of_parent ON generations (parent, id) WHERE parent IS NOT NULL;
        CREATE INDEX running_children ON generations (parent) WHERE ended = 0 AND parent IS NOT NULL;
        CREATE INDEX generations_by_end ON generations (ended_ms, bytes) WHERE ended = 1;

        CREATE TABLE logs (
            id TEXT PRIMARY KEY NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
            lines BLOB NOT NULL             -- as in a segment
        ) STRICT;

        -- Deleted or expired, while a segment may still have its lines: a start must not find it again.
        CREATE TABLE forgotten (id TEXT PRIMARY KEY NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX forgotten_by_time ON forgotten (at_ms);

        CREATE TABLE keys (
            owner TEXT NOT NULL,
            path TEXT NOT NULL,
            key TEXT NOT NULL,
            digest BLOB NOT NULL,
            generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
            bound INTEGER NOT NULL,         -- 0 until the first content
            expires_ms INTEGER NOT NULL,
            PRIMARY KEY (owner, path, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX keys_of_generation ON keys (generation);
        CREATE INDEX keys_by_expiry ON keys (expires_ms);
        """
    ]

    /// Brings a file up to date. Each step is there whole or not at all.
    ///
    /// - Parameters:
    ///   - database: With nothing under way.
    ///   - path: For whoever reads the failure.
    ///   - steps: From an empty file on.
    /// - Throws: `tooNew`, `damaged` for a file that no version has written, and what the disk says.
    static func migrate(_ database: SQLite, path: String, steps: [String] = steps) throws(StoreFailure) {
        let version = try version(of: database)
        try check(version, path: path, known: steps.count)
        for step in version..<steps.count {
            try database.transaction { () throws(StoreFailure) in
                do throws(StoreFailure) { try database.execute(steps[step]) } catch  where error.kind == .other {
                    throw StoreFailure(.damaged, "catalogue \(path) is not one of version \(version): \(error)")
                }
                try database.execute("PRAGMA user_version = \(step + 1)")
            }
        }
    }

    /// How many steps a file has behind it, as it says itself.
    static func version(of database: SQLite) throws(StoreFailure) -> Int {
        Int(try database.rows("PRAGMA user_version") { $0.integer(0) }.first ?? 0)
    }

    /// - Parameters:
    ///   - version: Of a file.
    ///   - path: For whoever reads the failure.
    ///   - known: The latest version that this program knows.
    /// - Throws: `tooNew`, and `damaged` for one that no version has written.
    static func check(_ version: Int, path: String, known: Int = steps.count) throws(StoreFailure) {
        guard version <= known else {
            throw StoreFailure(.tooNew, "catalogue \(path) has version \(version); this program knows \(known)")
        }
        guard version >= 0 else { throw StoreFailure(.damaged, "catalogue \(path) has version \(version)") }
    }
}
