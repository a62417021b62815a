import FreshetGeneration
import FreshetRouter
import FreshetStores
import FreshetTransport

extension LiveLog: LogSource {}

/// Has what one loop's logged generations bring in a turn written to disk before any reader is served, and files those
/// that have ended. Confined to its loop.
final class LoopKeeper: TurnEnd {
    /// Time after which a disk that failed is tried again.
    private static let retryTime = Duration.seconds(1)
    /// What may wait for a catalogue that is busy, though its place is needed.
    private static let waitingBytes = 64 << 20

    private let archive: Archive
    private let loop: EventLoop
    private let writer: SegmentWriter
    private let keeper: LogKeeper
    /// Those that changed in this turn.
    private var changed: ContiguousArray<LiveGeneration> = []
    /// Those of the turn that ends; empty in between, so that neither list is allocated anew each turn.
    private var served: ContiguousArray<LiveGeneration> = []
    /// Those that have ended and are not in the catalogue yet. They stay in memory, as far as `limits.kept` allows.
    private var ending: [GenerationID: LiveGeneration] = [:]
    /// Those of them that the catalogue is about to write.
    private var handedOver: Set<GenerationID> = []
    /// Those of them that it did not take, and what they take in memory: handed over again, one after the other.
    private var refused: [GenerationID: Int] = [:]
    /// Of all of those.
    private var refusedBytes = 0
    private var retry: LoopTimer?
    private var tidying: LoopTimer?
    private var seenDeletions = 0
    private let isFirst: Bool

    init(_ archive: Archive, loop: EventLoop, number: Int) {
        (self.archive, self.loop, isFirst) = (archive, loop, number == 0)
        writer = SegmentWriter(archive.directory, loop: number)
        keeper = LogKeeper(writer)
        writer.onUnneeded = { [archive] paths in archive.remove(paths) }
        keeper.onMore = { [unowned self] in self.loop.markDirty(self) }
        keeper.onChange = { [unowned self] failure in archive.failed(failure, onLoop: self.loop) }
        keeper.onFailed = { [unowned self] in retry?.rearm(after: Self.retryTime) }
        retry = loop.schedule(at: .never) { [unowned self] in tryAgain() }
        tidying = loop.schedule(after: .zero) { [unowned self] in tidy() }
    }

    /// Begins to keep a generation; its first event is on disk when this returns, unless the disk fails.
    ///
    /// - Returns: nil when it cannot be kept: it lives in memory.
    func begin(_ generation: LiveGeneration) -> KeptLog? {
        guard let origin = generation.origin else { return nil }
        let epoch = archive.directory.epoch
        let kept = try? keeper.keep(generation.id, epoch: epoch, origin: origin, from: generation.live)
        guard let kept else {
            generation.noteUnkept()
            return nil
        }
        archive.note(generation, origin)
        keeper.changed(kept)
        keeper.flush()
        if kept.isBehind { generation.noteUnkept() }
        return kept
    }

    /// Whether nothing is written just now.
    private var isFailing: Bool { keeper.failure != nil }

    /// Whether the next process may find less than there is of one that runs.
    func isLosing(_ kept: KeptLog) -> Bool { isFailing || keeper.isCatchingUp && kept.isBehind }

    /// Its readers are served at the end of the turn, when what they will see is on disk.
    func take(_ generation: LiveGeneration, _ kept: KeptLog) {
        keeper.changed(kept)
        changed.append(generation)
        loop.markDirty(self)
    }

    func turnEnded() {
        keeper.flush()
        swap(&changed, &served)
        for generation in served {
            if generation.kept?.isBehind == true { generation.noteUnkept() }
            generation.wakeReaders()
            if generation.hasEnded, !generation.isDeleted { file(generation) }
        }
        served.removeAll(keepingCapacity: true)
    }

    /// Nothing of it is wanted any more: nothing of it is left, or it stays what it is.
    ///
    /// - Parameters:
    ///   - generation: One that has ended.
    ///   - then: Called on this loop with whether it is forgotten for good.
    func forget(_ generation: LiveGeneration, then: @escaping (Bool) -> Void) {
        let carrier = LoopBound((self, generation, then), on: loop)
        archive.delete(generation.id) { isForgotten in
            carrier.loop.execute {
                let (keeper, generation, then) = carrier.value
                if isForgotten { keeper.release(generation) }
                then(isForgotten)
                keeper.file(generation)
            }
        }
    }

    private func release(_ generation: LiveGeneration) {
        ending[generation.id] = nil
        noLongerRefused(generation.id)
        if let kept = generation.kept { keeper.release(kept) }
        generation.kept = nil
    }

    // MARK: Ends

    /// Whether it has to stay in memory: the catalogue has not got it yet.
    func isUnfiled(_ generation: LiveGeneration) -> Bool { ending[generation.id] != nil }

    /// Whether one that has ended is on its way to disk, and the disk takes it as far as is known.
    func isAboutToFile(_ generation: LiveGeneration) -> Bool {
        guard generation.kept != nil, !isFailing else { return false }
        let isRefused = isUnfiled(generation) && !handedOver.contains(generation.id)
        return !isRefused || mayWait
    }

    /// Whether those that the catalogue did not take will soon be taken.
    private var mayWait: Bool { archive.failure == nil && refusedBytes <= Self.waitingBytes }

    private func file(_ generation: LiveGeneration) {
        guard generation.kept != nil, !handedOver.contains(generation.id) else { return }
        ending[generation.id] = generation
        handOver(generation)
    }

    private func handOver(_ generation: LiveGeneration) {
        guard let origin = generation.origin, !generation.isDeleted else { return }
        let carrier = LoopBound(self, on: loop)
        let id = generation.id
        noLongerRefused(id)
        handedOver.insert(id)
        archive.file(generation, origin) { isFiled in
            carrier.loop.execute { carrier.value.filed(id, kept: isFiled) }
        }
    }

    private func filed(_ id: GenerationID, kept isFiled: Bool) {
        handedOver.remove(id)
        guard let generation = ending[id] else { return }
        if isFiled {
            release(generation)
            if generation.isInTheWay { generation.forget() }
            return handOverNext()
        }
        refused[id] = generation.keptBytes
        refusedBytes += generation.keptBytes
        if generation.isForgotten {
            giveUp(generation)
        } else if generation.isInTheWay, !mayWait {
            generation.forget()
        }
        retry?.rearm(after: Self.retryTime)
    }

    private func handOverNext() {
        while let id = refused.first?.key {
            noLongerRefused(id)
            if let generation = ending[id], !generation.isDeleted { return handOver(generation) }
        }
    }

    private func noLongerRefused(_ id: GenerationID) {
        if let bytes = refused.removeValue(forKey: id) { refusedBytes -= bytes }
    }

    /// Its memory is needed. What is not on disk by now is lost; what is in its segment is found at the next start.
    func giveUp(_ generation: LiveGeneration) {
        guard !handedOver.contains(generation.id), let kept = generation.kept else { return }
        ending[generation.id] = nil
        noLongerRefused(generation.id)
        generation.kept = nil
        if kept.isBehind { keeper.giveUp(kept) }
    }

    /// Has what is too old forgotten, and no file lie about for what was.
    private func tidy() {
        let count = archive.deletedCount
        writer.tidy(leavesFile: count != seenDeletions)
        seenDeletions = count
        if isFirst { archive.expire() }
        tidying?.rearm(after: archive.expiryInterval)
    }

    // MARK: Failures

    private func tryAgain() {
        keeper.retry()
        handOverNext()
    }

    /// The loop ends: files in which nobody needs anything go.
    func close() { writer.close() }
}
