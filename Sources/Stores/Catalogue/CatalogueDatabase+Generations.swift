package import FreshetGeneration
import FreshetPartialJSON

extension CatalogueDatabase {
    private static let columns =
        "id, owner, parent, ended, outcome, model, dialect, created_ms, ended_ms, last_seq, bytes"
    /// One that was forgotten is there still where its pages are damaged.
    private static let isKnown = "id NOT IN (SELECT id FROM forgotten)"

    /// Writes a generation that has ended, with its log: whatever was known of it is replaced.
    ///
    /// - Parameters:
    ///   - entry: With its end.
    ///   - lines: Its log as lines of `LogLineWriter`, from event 1 on.
    ///   - key: What is to become of the key that made it; nil where there was none.
    /// - Throws: What the disk or the file says; then nothing was changed.
    package func finish(_ entry: CatalogueEntry, lines: [UInt8], key: EndedKey? = nil) throws(StoreFailure) {
        guard let end = entry.end else { return }
        try database.transaction { () throws(StoreFailure) in
            try write(entry, end, lines)
            if let key { try settle(key, entry) }
        }
    }

    private func write(_ entry: CatalogueEntry, _ end: CatalogueEntry.End, _ lines: [UInt8]) throws(StoreFailure) {
        try database.run(
            """
            INSERT INTO generations (id, owner, parent, ended, outcome, model, dialect, created_ms, ended_ms,
                last_seq, bytes, message)
            VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (id) DO UPDATE SET ended = 1, outcome = ?4, ended_ms = ?8, last_seq = ?9, bytes = ?10,
                message = ?11
            """,
            [
                .text(entry.id.description), .text(entry.owner), .parent(entry.parent),
                .text(end.outcome.rawValue), .text(entry.model), .text(entry.dialect),
                .integer(Int64(clamping: entry.createdMilliseconds)), .integer(Int64(clamping: end.milliseconds)),
                .integer(Int64(clamping: end.lastSequence)), .integer(Int64(lines.count + end.message.count)),
                .blob(end.message),
            ])
        try database.run(
            "INSERT OR REPLACE INTO logs (id, lines) VALUES (?1, ?2)", [.text(entry.id.description), .blob(lines)])
    }

    /// Writes a generation that has ended, with its log.
    ///
    /// - Parameters:
    ///   - entry: With its end.
    ///   - log: From event 1 on.
    ///   - origin: As it was kept with event 1.
    ///   - freesKey: It failed before any content, so that the same request may be made again; nil reads it from the log.
    ///   - keyMilliseconds: How long its key is kept from its beginning.
    /// - Throws: What the disk or the file says; then nothing was changed.
    package func finish(
        _ entry: CatalogueEntry, log: GenerationLog, origin: GenerationOrigin, freesKey: Bool? = nil,
        keyMilliseconds: UInt64 = CatalogueDatabase.keyMilliseconds
    ) throws(StoreFailure) {
        var (writer, lines) = (LogLineWriter(generation: entry.id, origin: origin), [UInt8]())
        writer.append(from: log, to: &lines)
        let key = origin.idempotency.map { key in
            let (expiry, isBeyond) = entry.createdMilliseconds.addingReportingOverflow(keyMilliseconds)
            return EndedKey(key: key, isFree: freesKey ?? log.failedBeforeContent, expiry: isBeyond ? .max : expiry)
        }
        try finish(entry, lines: lines, key: key)
    }

    /// Whether it has ended and its log is here.
    package func isFinished(_ id: GenerationID) throws(StoreFailure) -> Bool {
        try !database.rows(
            "SELECT 1 FROM generations WHERE id = ?1 AND ended = 1", [.text(id.description)]
        ) { _ in true }.isEmpty
    }

    /// Whether its segments are not needed for it: it is here whole, or was forgotten.
    package func isSettled(_ id: GenerationID) throws(StoreFailure) -> Bool {
        try !database.rows(
            """
            SELECT 1 FROM generations WHERE id = ?1 AND ended = 1 UNION ALL SELECT 1 FROM forgotten WHERE id = ?1
            """, [.text(id.description)]
        ) { _ in true }.isEmpty
    }

    /// What is known of a generation, with its message; nil when it is unknown or forgotten.
    package func generation(_ id: GenerationID) throws(StoreFailure) -> CatalogueEntry? {
        try database.rows(
            "SELECT \(Self.columns), message FROM generations WHERE id = ?1 AND \(Self.isKnown)",
            [.text(id.description)]
        ) { row in
            var entry = CatalogueEntry(row)
            entry?.end?.message = row.blob(11)
            return entry
        }.first ?? nil
    }

    /// What a listing shows of a generation, without its message; nil when it is unknown or forgotten.
    package func listed(_ id: GenerationID) throws(StoreFailure) -> CatalogueEntry? {
        try database.rows(
            "SELECT \(Self.columns) FROM generations WHERE id = ?1 AND \(Self.isKnown)", [.text(id.description)]
        ) { CatalogueEntry($0) }.first ?? nil
    }

    /// The lines of a finished log; nil when it is not here.
    package func lines(of id: GenerationID) throws(StoreFailure) -> [UInt8]? {
        try database.rows("SELECT lines FROM logs WHERE id = ?1", [.text(id.description)]) { $0.blob(0) }.first
    }

    /// A finished log as it was; nil when it is not here.
    ///
    /// - Throws: `damagedLog` when its lines are not whole, and what the disk or the file says.
    package func log(of id: GenerationID) throws(StoreFailure) -> RestoredLog? {
        guard let lines = try lines(of: id) else { return nil }
        var restored = RestoredLog(generation: id)
        var isWhole = true
        var splitter = LogLineSplitter(limit: max(64 << 20, lines.count))
        splitter.receive(lines.span)
        while splitter.next({ piece, _, line in
            guard piece == .line, let entry = try? LogLine(parsing: line), restored.apply(entry) == .applied else {
                isWhole = false
                return
            }
        }) {}
        guard isWhole, restored.end != nil else { throw StoreFailure(.damagedLog, "the kept log of \(id) is damaged") }
        return restored
    }

    /// What a listing shows; `nil` for any.
    package enum ListedState: Sendable {
        case running
        case ended
    }

    /// An owner's generations, newest first, without their messages.
    ///
    /// - Parameters:
    ///   - owner: Nobody else's are listed.
    ///   - state: nil for all.
    ///   - parent: Only this one's children; nil for all.
    ///   - before: The last one of the page before; nil for the first page.
    ///   - limit: How many at most.
    /// - Returns: Fewer than `limit` on the last page.
    /// - Throws: What the disk or the file says.
    package func list(
        owner: String, state: ListedState? = nil, parent: GenerationID? = nil, before: GenerationID? = nil, limit: Int
    ) throws(StoreFailure) -> [CatalogueEntry] {
        var condition = "owner = ?1 AND id < ?2 AND \(Self.isKnown)"
        if let state { condition += state == .ended ? " AND ended = 1" : " AND ended = 0" }
        if parent != nil { condition += " AND parent = ?4" }
        // `~` sorts behind every id.
        var values: [SQLite.Value] = [
            .text(owner), .text(before?.description ?? "~"), .integer(Int64(limit)),
        ]
        if parent != nil { values.append(.parent(parent)) }
        return try database.rows(
            "SELECT \(Self.columns) FROM generations WHERE \(condition) ORDER BY id DESC LIMIT ?3", values
        ) { CatalogueEntry($0) }.compactMap { $0 }
    }

    /// Generations that the catalogue believes to run: at a start those that no segment knows are lost.
    package func running() throws(StoreFailure) -> [CatalogueEntry] {
        try database.rows("SELECT \(Self.columns) FROM generations WHERE ended = 0 ORDER BY id") { CatalogueEntry($0) }
            .compactMap { $0 }
    }

    /// Forgets a generation, its log and its keys. Segments that still have its lines do not bring it back.
    ///
    /// - Parameters:
    ///   - id: Of a generation that does not run any more.
    ///   - now: Unix time in ms.
    /// - Returns: Whether it was there.
    /// - Throws: What the disk or the file says; then nothing was changed.
    @discardableResult
    package func delete(_ id: GenerationID, now: UInt64) throws(StoreFailure) -> Bool {
        try database.transaction { () throws(StoreFailure) in try remove(id, now: now) }
    }

    /// As `delete`, within a transaction.
    @discardableResult
    func remove(_ id: GenerationID, now: UInt64) throws(StoreFailure) -> Bool {
        try forget(id, now: now)
        return try database.run("DELETE FROM generations WHERE id = ?1", [.text(id.description)]) > 0
    }

    /// Has a generation not be found any more, neither here nor by a later start, though its pages cannot be overwritten.
    ///
    /// - Parameters:
    ///   - id: Of a generation that does not run any more.
    ///   - now: Unix time in ms.
    /// - Throws: What the disk or the file says.
    package func forget(_ id: GenerationID, now: UInt64) throws(StoreFailure) {
        try database.run(
            "INSERT OR REPLACE INTO forgotten (id, at_ms) VALUES (?1, ?2)",
            [.text(id.description), .integer(Int64(clamping: now))])
    }
}

extension GenerationLog {
    /// Whether it ended with a failure before any content.
    fileprivate var failedBeforeContent: Bool {
        let fold = fold()
        return fold.end?.failure != nil && fold.blocks.isEmpty
    }
}

extension CatalogueEntry {
    /// nil when the row is not one that this program wrote.
    fileprivate init?(_ row: SQLite.Row) {
        guard let id = GenerationID(row.text(0)) else { return nil }
        self.init(
            id: id, owner: row.text(1), parent: GenerationID(row.text(2)), model: row.text(5), dialect: row.text(6),
            createdMilliseconds: UInt64(clamping: row.integer(7)))
        guard row.integer(3) == 1 else { return }
        var end = End(
            outcome: Outcome(rawValue: row.text(4)) ?? .failed, milliseconds: UInt64(clamping: row.integer(8)),
            lastSequence: UInt64(clamping: row.integer(9)))
        end.bytes = Int(row.integer(10))
        self.end = end
    }
}

extension SQLite.Value {
    static func parent(_ id: GenerationID?) -> SQLite.Value { id.map { .text($0.description) } ?? .null }
}
