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

    private let archive: Archive
    private let loop: EventLoop
    private let writer: SegmentWriter
    private let keeper: LogKeeper
    /// Those that changed in this turn.
    private var changed: ContiguousArray<LiveGeneration> = []
    /// Those whose end waits for the disk or the catalogue.
    private var ending: [GenerationID: LiveGeneration] = [:]
    private var retry: LoopTimer?
    private var expiry: LoopTimer?

    init(_ archive: Archive, loop: EventLoop, number: Int) {
        (self.archive, self.loop) = (archive, loop)
        writer = SegmentWriter(archive.directory, loop: number)
        keeper = LogKeeper(writer)
        writer.onUnneeded = { [archive] paths in archive.remove(paths) }
        keeper.onMore = { [unowned self] in self.loop.markDirty(self) }
        keeper.onChange = { [unowned self] failure in storeChanged(failure) }
        retry = loop.schedule(at: .never) { [unowned self] in tryAgain() }
        guard number == 0 else { return }
        expiry = loop.schedule(after: .zero) { [unowned self] in expire() }
    }

    /// Begins to keep a generation; its first event is on disk when this returns, unless the disk fails.
    ///
    /// - Returns: nil when it cannot be kept: it lives in memory.
    func begin(_ generation: LiveGeneration) -> KeptLog? {
        guard let origin = generation.origin else { return nil }
        let epoch = archive.directory.epoch
        let kept = try? keeper.keep(generation.id, epoch: epoch, origin: origin, from: generation.live)
        guard let kept else { return nil }
        archive.note(generation, origin)
        keeper.changed(kept)
        keeper.flush()
        return kept
    }

    /// Its readers are served at the end of the turn, when what they will see is on disk.
    func take(_ generation: LiveGeneration, _ kept: KeptLog) {
        keeper.changed(kept)
        changed.append(generation)
        loop.markDirty(self)
    }

    func turnEnded() {
        keeper.flush()
        let served = changed
        changed.removeAll(keepingCapacity: true)
        for generation in served {
            generation.wakeReaders()
            if generation.hasEnded, !generation.isDeleted { file(generation) }
        }
    }

    /// Nothing of it is wanted any more.
    func forget(_ generation: LiveGeneration) {
        ending[generation.id] = nil
        if let kept = generation.kept { keeper.release(kept) }
        archive.delete(generation.id)
    }

    // MARK: Ends

    private func file(_ generation: LiveGeneration) {
        guard ending[generation.id] == nil, let kept = generation.kept, let origin = generation.origin else { return }
        ending[generation.id] = generation
        let carrier = LoopBound(self, on: loop)
        let id = generation.id
        archive.file(generation, origin) { isFiled in
            carrier.loop.execute { carrier.value.filed(id, kept: isFiled) }
        }
        _ = kept
    }

    /// What is not in the catalogue stays in its segments, where the next start finds it.
    private func filed(_ id: GenerationID, kept isFiled: Bool) {
        guard let generation = ending.removeValue(forKey: id), isFiled, let kept = generation.kept else { return }
        keeper.release(kept)
        generation.kept = nil
    }

    /// Gives up what is too old, again and again.
    private func expire() {
        archive.expire()
        expiry?.rearm(after: archive.expiryInterval)
    }

    // MARK: Failures

    private func storeChanged(_ failure: StoreFailure?) {
        archive.failed(failure, onLoop: loop)
        if failure != nil {
            retry?.rearm(after: Self.retryTime)
            for generation in changed { generation.noteUnkept() }
        }
    }

    private func tryAgain() {
        keeper.retry()
        if keeper.failure != nil { retry?.rearm(after: Self.retryTime) }
    }

    deinit { writer.close() }
}
