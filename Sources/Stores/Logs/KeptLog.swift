package import FreshetGeneration

/// Whoever has the log of a running generation in memory.
package protocol LogSource: AnyObject {
    /// Nothing of it that is not kept yet may be forgotten.
    var log: GenerationLog { get }
}

/// One generation whose log is kept; confined to its loop. It holds on to the log in memory: what is not kept yet must
/// not go.
package final class KeptLog {
    /// Whose log it is.
    package let generation: GenerationID
    /// With which it was opened.
    package let epoch: UInt64
    /// Number of the last event that is kept.
    package var keptSequence: UInt64 { kept.lastSequence }
    /// Whether readers may see events that are not kept yet: the disk is full or failing, or the turn has not ended.
    package var isBehind: Bool { kept.lastSequence < source.log.visibleSequence }
    /// What the log takes in memory, as its limit counts it.
    package var memoryBytes: Int { source.log.accountedBytes }
    /// Why the store takes no more of it; it goes on in memory only.
    package internal(set) var refusal: LogStoreRefusal?

    private let source: any LogSource
    /// As far as the store has it.
    private var kept: LogLineWriter
    /// As far as it was handed to the store.
    private var taken: LogLineWriter
    var isMarked = false
    /// Bytes of lines handed to the store so far; those of a failed flush count again.
    package private(set) var takenBytes = 0

    init(_ generation: GenerationID, epoch: UInt64, writer: LogLineWriter, source: any LogSource) {
        (self.generation, self.epoch, self.source) = (generation, epoch, source)
        (kept, taken) = (writer, writer)
    }

    /// Hands what is new to the store.
    ///
    /// - Returns: Whether all of it fitted into `limit` bytes.
    func gather(into store: any LogStore, limit: Int) -> Bool {
        guard refusal == nil else { return true }
        let log = source.log
        guard taken.lastSequence < log.visibleSequence else { return true }
        do throws(LogStoreRefusal) {
            try store.append(generation, epoch: epoch, expectedSequence: taken.lastSequence + 1) { out in
                let before = out.count
                taken.append(from: log, limit: limit, to: &out)
                takenBytes += out.count - before
                return taken.lastSequence
            }
        } catch { refusal = error }
        return taken.lastSequence >= log.visibleSequence
    }

    func flushed(_ isKept: Bool) {
        if isKept { kept = taken } else { taken = kept }
    }
}
