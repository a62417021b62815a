import FreshetGeneration

extension CatalogueDatabase {
    /// Takes over from a damaged file what can still be read of it: finished generations whose logs are whole by the
    /// sums of their lines. Everything else is derived from those logs, since the file's own words may be spoilt.
    ///
    /// - Parameters:
    ///   - path: Of the file that was put aside.
    ///   - now: Unix time in ms.
    ///   - keyMilliseconds: How long idempotency keys are kept from a generation's beginning.
    ///   - message: A generation's fold as JSON.
    /// - Returns: How many were taken over.
    /// - Throws: When this file cannot be written.
    func salvage(
        from path: String, now: UInt64, keyMilliseconds: UInt64, _ message: (RestoredLog) -> [UInt8]
    ) throws(StoreFailure) -> Int {
        guard let damaged = try? CatalogueDatabase(reading: path) else { return 0 }
        defer { damaged.database.close() }
        for id in damaged.ids(in: "forgotten", from: "", "> ?1 ORDER BY id") { try delete(id, now: now) }
        var count = 0
        for id in damaged.finishedIDs() {
            guard let ended = try? damaged.generation(id)?.end?.milliseconds, let log = try? damaged.log(of: id),
                let origin = log.origin, let end = log.end, log.log.fold(through: 1).start?.id == id,
                var entry = CatalogueEntry(log), try !isSettled(id)
            else { continue }
            entry.end = .init(
                outcome: end.outcome, milliseconds: min(ended, now), lastSequence: log.log.lastSequence,
                message: message(log))
            try finish(entry, log: log.log, origin: origin, keyMilliseconds: keyMilliseconds)
            count += 1
        }
        return count
    }

    /// From both ends as far as the file can be read: what is spoilt lies between.
    private func finishedIDs() -> Set<GenerationID> {
        Set(ids(in: "logs", from: "", "> ?1 ORDER BY id") + ids(in: "logs", from: "~", "< ?1 ORDER BY id DESC"))
    }

    private func ids(in table: String, from start: String, _ order: String) -> [GenerationID] {
        var (found, last): ([GenerationID], String) = ([], start)
        while true {
            let page = try? database.rows("SELECT id FROM \(table) WHERE id \(order) LIMIT 1", [.text(last)]) {
                $0.text(0)
            }
            // A spoilt index may go round in circles.
            guard let text = page?.first, start.isEmpty ? text > last : text < last else { return found }
            last = text
            if let id = GenerationID(text) { found.append(id) }
        }
    }
}
