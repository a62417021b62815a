package import FreshetGeneration

/// Finds all generations in the segments that processes before this one left.
///
/// What has ended is handed over as soon as its end is read, so that memory holds no more than what is unfinished.
package struct Recovery {
    /// Generations without an end, by id: those that go on, or end as `interrupted`.
    package private(set) var unfinished: [RestoredLog] = []
    /// One for each file.
    package private(set) var reports: [SegmentReport] = []
    /// The files and what they hold: `released` says which may be deleted once a generation is in the catalogue.
    package private(set) var holdings = SegmentHoldings()
    /// How many had ended.
    package private(set) var endedCount = 0
    /// All that have lines in a file and were not in the catalogue.
    package private(set) var found: Set<GenerationID> = []
    private var logs: [GenerationID: RestoredLog] = [:]
    /// Those whose end was read, and those that the catalogue has.
    private var done: Set<GenerationID> = []
    private var folded: Set<GenerationID> = []
    /// A file of a later version: nobody here knows what its lines mean.
    private var later: StoreFailure?

    /// Reads all segments. Call it before the first of this process is written.
    ///
    /// - Parameters:
    ///   - directory: Taken for this process.
    ///   - isFolded: Whether the catalogue has a generation whole: then its lines are passed over.
    ///   - ended: Takes a generation that has its end. Nothing of it is held any more.
    /// - Throws: When the folder cannot be read, and `tooNew`; what is wrong with a file is in `reports`.
    package init(
        _ directory: DataDirectory, isFolded: (GenerationID) -> Bool, ended: (RestoredLog) -> Void
    ) throws(StoreFailure) {
        let names = try Files.names(in: directory.segments).compactMap { name in SegmentName(name).map { (name, $0) } }
        let inOrder = names.sorted { ($0.1.epoch, $0.1.number, $0.1.loop) < ($1.1.epoch, $1.1.number, $1.1.loop) }
        for (name, _) in inOrder {
            read(directory.segments + "/" + name, isFolded, ended)
            if let later { throw later }
        }
        unfinished = logs.values.sorted { $0.generation.description < $1.generation.description }
        logs = [:]
        (done, folded) = ([], [])
    }

    private mutating func read(
        _ path: String, _ isFolded: (GenerationID) -> Bool, _ ended: (RestoredLog) -> Void
    ) {
        var held: Set<GenerationID> = []
        let report = SegmentReader.read(path) { line in
            if let version = SegmentHead.version(of: line), version > SegmentHead.version, later == nil {
                later = SegmentHead.refusal(of: path, version)
            }
            // What is behind it is not looked at.
            return later != nil || take(line, &held, isFolded, ended)
        }
        reports.append(report)
        found.formUnion(held)
        holdings.add(path, held, isOpen: false)
    }

    private mutating func take(
        _ line: Span<UInt8>, _ held: inout Set<GenerationID>, _ isFolded: (GenerationID) -> Bool,
        _ ended: (RestoredLog) -> Void
    ) -> Bool {
        // A head, or what a later version writes besides logs.
        guard let generation = LogLine.generation(of: line) else { return true }
        guard !folded.contains(generation) else { return true }
        if logs[generation] == nil, !done.contains(generation), isFolded(generation) {
            folded.insert(generation)
            return true
        }
        held.insert(generation)
        guard !done.contains(generation) else { return true }
        do throws(NativeEventError) {
            let entry = try LogLine(parsing: line)
            logs[generation, default: RestoredLog(generation: generation)].apply(entry)
        } catch { return false }
        guard logs[generation]?.end != nil, let whole = logs.removeValue(forKey: generation) else { return true }
        done.insert(generation)
        endedCount += 1
        ended(whole)
        return true
    }
}
