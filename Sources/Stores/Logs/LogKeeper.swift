package import FreshetGeneration

/// Keeps the logs of one loop's generations: gathers what changed during a turn and has it kept at the turn's end.
///
/// While the store fails nothing is lost that is in memory: `flush` does nothing until `retry`, and then catches up
/// piece by piece, each at most 4 MiB.
package final class LogKeeper {
    /// Bytes written at a time while it catches up, so that a long failure does not make one long turn.
    private static let catchUpBytes = 4 << 20

    /// Why the last flush kept nothing; nil while all is well.
    package private(set) var failure: StoreFailure?
    /// Called when it begins to fail, and with nil when it is well again and has caught up.
    package var onChange: ((StoreFailure?) -> Void)?
    /// Called when a flush has failed, each time: `retry` is due in a while.
    package var onFailed: (() -> Void)?
    /// Whether it failed and what waited since is not kept yet.
    package private(set) var isCatchingUp = false
    /// Called when a flush is over and more waits: to be flushed in the next turn.
    package var onMore: (() -> Void)?

    private let store: any LogStore
    private var marked: ContiguousArray<KeptLog> = []
    private var gathered: ContiguousArray<KeptLog> = []
    private var isFlushing = false

    /// - Parameter store: Used by nobody else.
    package init(_ store: any LogStore) {
        self.store = store
        store.onFlushed = { [unowned self] in flushed($0) }
    }

    /// Begins to keep a generation, or goes on with one.
    ///
    /// - Parameters:
    ///   - generation: Its log's events are written from the one after `sequence` on.
    ///   - epoch: The data directory's.
    ///   - origin: Written with the first event.
    ///   - sequence: The last event that is kept already.
    ///   - source: Held until nobody holds what is returned and all of it is kept.
    /// - Returns: What to hand to `changed` whenever events became visible.
    /// - Throws: As `LogStore.open`.
    package func keep(
        _ generation: GenerationID, epoch: UInt64, origin: GenerationOrigin?, after sequence: UInt64 = 0,
        from source: any LogSource
    ) throws(LogStoreRefusal) -> KeptLog {
        try store.open(generation, epoch: epoch, after: sequence)
        let writer = LogLineWriter(generation: generation, origin: origin, after: sequence)
        return KeptLog(generation, epoch: epoch, writer: writer, source: source)
    }

    /// Events became visible. Costs next to nothing.
    @inline(__always)
    package func changed(_ log: KeptLog) {
        guard !log.isMarked else { return }
        log.isMarked = true
        marked.append(log)
    }

    /// Has everything kept that changed: with segments, one `write(2)`, and known when this returns.
    package func flush() {
        guard !marked.isEmpty, failure == nil, !isFlushing else { return }
        swap(&marked, &gathered)
        var rest = isCatchingUp ? Self.catchUpBytes : Int.max
        for log in gathered {
            guard rest > 0 else {
                marked.append(log)
                continue
            }
            let before = log.takenBytes
            if log.gather(into: store, limit: rest) {
                log.isMarked = false
            } else {
                marked.append(log)
            }
            if isCatchingUp { rest -= log.takenBytes - before }
        }
        isFlushing = true
        store.flush()
    }

    /// Tries again after a failure; called every second or so while there is one.
    package func retry() {
        guard failure != nil, !isFlushing else { return }
        failure = nil
        isCatchingUp = true
        flush()
        endCatchingUp()
    }

    /// Nothing waits any more: whether the store is well is seen with the next change.
    private func endCatchingUp() {
        guard isCatchingUp, failure == nil, marked.isEmpty, !isFlushing else { return }
        isCatchingUp = false
        onChange?(nil)
    }

    /// Its end is kept in the catalogue: the store may drop its entries.
    package func release(_ log: KeptLog) {
        marked.removeAll { $0 === log }
        store.release(log.generation)
        endCatchingUp()
    }

    /// Logs that wait for the store while it fails, oldest change first. They stay in memory: whoever may not hold more
    /// gives up those that have ended.
    package var waiting: [KeptLog] { Array(marked) }

    /// Its memory is needed while the store fails: what is not kept of it by now never will be. What is kept of its
    /// beginning stays.
    package func giveUp(_ log: KeptLog) {
        marked.removeAll { $0 === log }
        if log.keptSequence == 0 { store.release(log.generation) }
        endCatchingUp()
    }

    private func flushed(_ failure: StoreFailure?) {
        isFlushing = false
        for log in gathered {
            log.flushed(failure == nil)
            if failure != nil { changed(log) }
        }
        gathered.removeAll(keepingCapacity: true)
        if let failure {
            let isNew = !isCatchingUp
            (self.failure, isCatchingUp) = (failure, true)
            if isNew { onChange?(failure) }
            onFailed?()
        } else if !marked.isEmpty {
            onMore?()
        } else {
            endCatchingUp()
        }
    }
}
