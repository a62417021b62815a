package import FreshetGeneration
import FreshetPartialJSON
import Glibc

/// Keeps the entries of one loop's generations in files of lines, each turn's with one `write(2)`.
///
/// What the kernel has taken survives the end of this process, however it ends; it is not waited until a disk has it.
/// The first line of a file says which process and loop wrote it; see `LogLineWriter` for the others.
///
/// ```
/// {"type":"segment","freshet":1,"epoch":7,"loop":0,"number":1,"sum":"89abcdef"}␊
/// ```
package final class SegmentWriter: LogStore {
    /// A file that has reached this size is followed by another one.
    package static let standardSize = 64 << 20
    /// A file in which nobody needs anything goes early from this size on.
    private static let idleSize = 4 << 20

    /// As `LogStore` says; called before `flush` returns.
    package var onFlushed: ((StoreFailure?) -> Void)?
    /// Called with files that nobody needs any more; deletes them unless replaced. Deleting takes the disk's time: a
    /// gateway has another thread do it.
    package var onUnneeded: ([String]) -> Void = { for path in $0 { unlink(path) } }

    /// What is known of a generation whose entries come here.
    private final class Tail {
        let generation: GenerationID
        var epoch: UInt64
        /// The last event kept, and the last one appended.
        var kept: UInt64
        var taken: UInt64
        /// Number of the last file that has entries of it.
        var segment = -1
        var isInBatch = false

        init(_ generation: GenerationID, _ epoch: UInt64, _ sequence: UInt64) {
            (self.generation, self.epoch, kept, taken) = (generation, epoch, sequence, sequence)
        }
    }

    private let folder: String
    private let epoch: UInt64
    private let loop: Int
    private let size: Int
    private var tails: [GenerationID: Tail] = [:]
    private var batch: ContiguousArray<Tail> = []
    private var buffer: [UInt8] = []
    private var holdings = SegmentHoldings()
    private var file: Int32 = -1
    private var path = ""
    private var number = 0
    /// Bytes of whole lines in the file.
    private var written = 0

    /// Opens no file until there is something to keep.
    ///
    /// - Parameters:
    ///   - directory: Taken for this process.
    ///   - loop: The only one that calls this writer.
    ///   - size: Bytes from which on a file is followed by another.
    package init(_ directory: DataDirectory, loop: Int, size: Int = SegmentWriter.standardSize) {
        (folder, epoch, self.loop, self.size) = (directory.segments, directory.epoch, loop, size)
    }

    deinit { if file >= 0 { Glibc.close(file) } }

    // MARK: Appending

    /// As `LogStore` says; a generation that is not known here may have any last event.
    package func open(_ generation: GenerationID, epoch: UInt64, after sequence: UInt64) throws(LogStoreRefusal) {
        guard let tail = tails[generation] else {
            tails[generation] = Tail(generation, epoch, sequence)
            return
        }
        guard epoch >= tail.epoch else { throw .staleEpoch(current: tail.epoch) }
        guard sequence == tail.taken else { throw .unexpectedSequence(expected: tail.taken + 1) }
        tail.epoch = epoch
    }

    /// As `LogStore` says.
    package func append(
        _ generation: GenerationID, epoch: UInt64, expectedSequence: UInt64, _ write: (inout [UInt8]) -> UInt64
    ) throws(LogStoreRefusal) {
        guard let tail = tails[generation] else { throw .notOpen }
        guard epoch == tail.epoch else { throw .staleEpoch(current: tail.epoch) }
        guard expectedSequence == tail.taken + 1 else { throw .unexpectedSequence(expected: tail.taken + 1) }
        tail.taken = write(&buffer)
        guard !tail.isInBatch else { return }
        tail.isInBatch = true
        batch.append(tail)
    }

    /// As `LogStore` says.
    package func release(_ generation: GenerationID) {
        guard tails.removeValue(forKey: generation) != nil else { return }
        holdings.release(generation)
        if file >= 0, written >= Self.idleSize, !holdings.isLastNeeded, batch.isEmpty { closeFile() }
        let unneeded = holdings.takeUnneeded()
        if !unneeded.isEmpty { onUnneeded(unneeded) }
    }

    // MARK: Keeping

    /// As `LogStore` says: one `write(2)`, besides the making of a new file.
    package func flush() {
        let failure = buffer.isEmpty ? nil : write()
        for tail in batch {
            tail.isInBatch = false
            guard failure == nil else {
                tail.taken = tail.kept
                continue
            }
            tail.kept = tail.taken
            if tail.segment != number, tails[tail.generation] === tail {
                tail.segment = number
                holdings.note(tail.generation)
            }
        }
        batch.removeAll(keepingCapacity: true)
        if buffer.capacity > 1 << 20 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
        onFlushed?(failure)
    }

    /// Writes the batch; a part of it that was written before an error is cut off again.
    private func write() -> StoreFailure? {
        if file >= 0, written > 0, written + buffer.count > size { closeFile() }
        do throws(StoreFailure) { if file < 0 { try openFile() } } catch { return error }
        let error = Files.write(buffer, to: file)
        guard let error else {
            written += buffer.count
            return nil
        }
        let failure = StoreFailure("write to", path, error)
        // Where it cannot be cut the file ends within a line, and what follows goes into another one.
        if ftruncate(file, off_t(written)) != 0 { closeFile() }
        return failure
    }

    private func openFile() throws(StoreFailure) {
        let name = SegmentName(epoch: epoch, loop: loop, number: number + 1)
        path = folder + "/" + name.text
        file = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "make")
        let head = SegmentHead.line(epoch: epoch, loop: loop, number: number + 1)
        let error = Files.write(head, to: file)
        if let error {
            Glibc.close(file)
            file = -1
            // A full disk has room for names: each try would leave another file.
            unlink(path)
            throw StoreFailure("write to", path, error)
        }
        number += 1
        written = head.count
        holdings.add(path, isOpen: true)
    }

    private func closeFile() {
        Glibc.close(file)
        file = -1
        holdings.close()
    }

    /// Called now and then, so that what was forgotten does not lie in an open file for long.
    ///
    /// - Parameter leavesFile: Whether the file is followed by another one in any case; else when nobody needs it.
    package func tidy(leavesFile: Bool) {
        guard file >= 0, batch.isEmpty, leavesFile || !holdings.isLastNeeded else { return }
        close()
    }

    /// Ends writing, in order: a file in which nobody needs anything goes.
    package func close() {
        if file >= 0 { closeFile() }
        let unneeded = holdings.takeUnneeded()
        if !unneeded.isEmpty { onUnneeded(unneeded) }
    }
}
