import Glibc

/// The folder in which everything is kept. One process works in it at a time.
///
/// ```
/// DIR/lock               the process that works here: its id; locked as long as it lives
/// DIR/epoch              how often it was opened: fences whoever was there before
/// DIR/clean              there while nobody works here and the last one left in order
/// DIR/catalogue.sqlite   see Catalogue
/// DIR/segments/          see SegmentWriter
/// ```
package final class DataDirectory: Sendable {
    /// Without a slash at the end.
    package let path: String
    /// How often the folder was opened, this time included; from 1.
    package let epoch: UInt64
    /// Whether the process before this one left in order; true for a new folder.
    package let wasClean: Bool
    /// Whether nobody worked here before.
    package let isNew: Bool
    private let lock: Int32

    /// Where segments are.
    package var segments: String { path + "/segments" }
    /// Where the catalogue is.
    package var catalogue: String { path + "/catalogue.sqlite" }

    /// Makes the folder where it is missing and takes it for this process.
    ///
    /// - Parameter path: What is made is the owner's alone.
    /// - Throws: `inUse` with the other process' id, `tooNew` where a later version has worked: then all is as it was; and `full`, `readOnly`, `denied` and so on of the system.
    package init(_ path: String) throws(StoreFailure) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        try Files.makeFolder(path)
        isNew = access(path + "/epoch", F_OK) != 0
        lock = try Self.takeLock(path + "/lock")
        do throws(StoreFailure) {
            try Files.makeFolder(path + "/segments")
            if !isNew { try LaterVersion.refuse(catalogue: path + "/catalogue.sqlite", segments: path + "/segments") }
            epoch = try Self.nextEpoch(path + "/epoch", above: try Self.lastEpoch(in: path + "/segments"))
            let mark = path + "/clean"
            wasClean = isNew || access(mark, F_OK) == 0
            guard unlink(mark) == 0 || errno == ENOENT else { throw StoreFailure("remove", mark) }
        } catch {
            close(lock)
            throw error
        }
    }

    deinit { close(lock) }

    /// Marks that everything was written in order; called last, when nothing here is open any more.
    package func leave() throws(StoreFailure) { try Files.replace(path + "/clean", with: []) }

    private static func takeLock(_ path: String) throws(StoreFailure) -> Int32 {
        let file = try Files.open(path, O_RDWR | O_CREAT, "open")
        let number = wait(for: file)
        guard number == 0 else {
            let holder = (try? Files.read(path)).flatMap { $0 }.flatMap { Int32(Self.word($0)) }
            close(file)
            guard number == EWOULDBLOCK else { throw StoreFailure("lock", path, number) }
            let folder = path.dropLast("/lock".count)
            throw StoreFailure(
                .inUse(pid: holder),
                "\(folder) is in use by process \(holder.map { "\($0)" } ?? "unknown"): "
                    + "one process works in a data directory; stop that one or name another directory")
        }
        let pid = Array("\(getpid())\n".utf8)
        let error = ftruncate(file, 0) == 0 ? Files.write(pid, to: file) : errno
        if let error {
            close(file)
            throw StoreFailure("write to", path, error)
        }
        return file
    }

    /// Waits up to 2 s: a process that is ending, or a program that another one has just started, may hold it a moment.
    ///
    /// - Returns: 0, or why it cannot be had.
    private static func wait(for file: Int32) -> Int32 {
        for _ in 0..<100 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return 0 }
            guard errno == EWOULDBLOCK || errno == EINTR else { return errno }
            usleep(20_000)
        }
        return EWOULDBLOCK
    }

    private static func nextEpoch(_ path: String, above known: UInt64) throws(StoreFailure) -> UInt64 {
        let before = try Files.read(path)
        // A damaged number must not fall back: the time is far above any count.
        let last = max(known, before.map { UInt64(word($0)) ?? UInt64(max(0, time(nil))) } ?? 0)
        guard last < UInt64(Int64.max) else { throw StoreFailure(.damaged, "\(path) holds no count") }
        try Files.replace(path, with: Array("\(last + 1)\n".utf8))
        return last + 1
    }

    /// What the segments' names tell, where the count was lost.
    private static func lastEpoch(in folder: String) throws(StoreFailure) -> UInt64 {
        try Files.names(in: folder).compactMap { SegmentName($0)?.epoch }.max() ?? 0
    }

    private static func word(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }
}
