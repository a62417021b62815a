import Glibc

/// The catalogue's file: generations, finished logs and idempotency keys. Used by one thread at a time, never a loop's:
/// each call may wait for the disk. `Catalogue` gives it a thread.
package final class CatalogueDatabase {
    let database: SQLite
    private let path: String
    /// Where a damaged file was put aside; nil when there was none.
    package private(set) var setAside: String?
    /// Whether there was none, or one without a byte, in a folder where somebody had worked.
    package let wasMissing: Bool

    /// Opens or makes the file, brings it up to date, and checks it when the last process did not leave in order. A
    /// damaged one is renamed and a new one begun: fill it from the segments, as far as they go back.
    ///
    /// - Parameter directory: Taken for this process.
    /// - Throws: `tooNew` when a later version wrote it, and the system's reasons. Never `damaged`.
    package init(_ directory: DataDirectory) throws(StoreFailure) {
        path = directory.catalogue
        wasMissing = !directory.isNew && Files.size(of: path) == 0
        do throws(StoreFailure) {
            database = try Self.open(path, isChecked: !directory.wasClean)
        } catch  where error.kind == .damaged {
            let aside = path + ".damaged-\(directory.epoch)"
            for suffix in ["", "-wal", "-shm"] {
                guard rename(path + suffix, aside + suffix) == 0 || errno == ENOENT else {
                    throw StoreFailure("put aside", path + suffix)
                }
            }
            database = try Self.open(path, isChecked: false)
            setAside = aside
        }
    }

    /// One that is only read, as far as it can be.
    init(reading path: String) throws(StoreFailure) {
        (self.path, wasMissing) = (path, false)
        database = try SQLite(path)
    }

    private static func open(_ path: String, isChecked: Bool) throws(StoreFailure) -> SQLite {
        // SQLite would make it readable for others.
        Glibc.close(try Files.open(path, O_RDWR | O_CREAT, "open"))
        let database = try SQLite(path)
        try database.execute(
            """
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = ON;
            PRAGMA journal_size_limit = 16777216;
            """)
        if isChecked {
            let found = try database.rows("PRAGMA integrity_check(1)") { $0.text(0) }
            guard found == ["ok"] else {
                throw StoreFailure(.damaged, "catalogue \(path): \(found.joined(separator: "; "))")
            }
        }
        try CatalogueSchema.migrate(database, path: path)
        return database
    }

    /// Writes everything into the one file and has the disk take it. Segments may be deleted after it.
    package func checkpoint() throws(StoreFailure) { _ = try database.rows("PRAGMA wal_checkpoint(TRUNCATE)") { _ in } }

    /// Deletes files that nobody needs any more, once the disk has what was in them.
    package func remove(_ paths: [String]) throws(StoreFailure) {
        try checkpoint()
        for path in paths where unlink(path) != 0 && errno != ENOENT { throw StoreFailure("delete", path) }
    }

    /// Ends using the file.
    package func close() throws(StoreFailure) {
        defer { database.close() }
        try checkpoint()
    }
}
