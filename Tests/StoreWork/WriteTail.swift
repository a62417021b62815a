import FreshetStores
import Glibc

/// How long one `write(2)` takes that appends to a file, while nothing else happens and while another process dirties
/// pages of the same disk faster than it can take them.
///
/// ```
/// store-work write-tail DIR [GIBIBYTES]     6 unless said otherwise, for each of four rows
/// ```
enum WriteTail {
    private enum Helper: String, CaseIterable {
        case none = "no other thread"
        case range = "`sync_file_range` every 10 ms"
        case data = "`fdatasync` every second"
    }

    static func run(_ arguments: [String]) {
        let folder = arguments.first ?? "."
        let gibibytes = arguments.count > 1 ? Int(arguments[1]) ?? 6 : 6
        Timing.head(["µs a write of 200 to 2,000 B", "seconds", "writes"] + Timing.columns)
        for helper in Helper.allCases { row("idle", folder, helper, seconds: 4, pressure: nil) }
        for helper in Helper.allCases { press("under pressure", folder, helper, ["\(gibibytes)"]) }
        press("beside `fdatasync` every 16 MiB", folder, .none, ["\(gibibytes)", "16"])
    }

    private static func press(_ title: String, _ folder: String, _ helper: Helper, _ amount: [String]) {
        let path = folder + "/store-work.pressure"
        row(title, folder, helper, seconds: 60, pressure: spawned(["dirty", path] + amount))
        unlink(path)
        sync()
    }

    /// Writes until so many seconds have passed, or until the other process has written everything.
    private static func row(_ title: String, _ folder: String, _ helper: Helper, seconds: UInt64, pressure: pid_t?) {
        let path = folder + "/store-work.tail"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        guard file >= 0 else { return print("cannot make \(path)") }
        let helping = Helping(file, helper == .range, helper == .data)
        defer {
            helping.end()
            close(file)
            unlink(path)
        }
        var timing = Timing(capacity: 1 << 18)
        let bytes = [UInt8](repeating: 0x61, count: 2000)
        let begin = Timing.now()
        let end = begin + seconds * 1_000_000_000
        var (seed, status): (UInt64, Int32) = (1, 0)
        while Timing.now() < end {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let count = 200 + Int(seed >> 33) % 1801
            let start = Timing.now()
            let written = write(file, bytes, count)
            timing.add(since: start)
            guard written == count else { return print("cannot write to \(path)") }
            if let pressure, timing.nanoseconds.count % 64 == 0, waitpid(pressure, &status, WNOHANG) != 0 { break }
            usleep(150)
        }
        let tenths = (Timing.now() - begin) / 100_000_000
        Timing.row(
            ["\(title), \(helper.rawValue)", "\(tenths / 10).\(tenths % 10)", "\(timing.nanoseconds.count)"]
                + timing.summary)
    }

    /// Writes so many GiB to one file of at most 4 GiB, in ten seconds or as fast as the system takes it; waits for the
    /// disk every so many MiB if told.
    static func dirty(_ arguments: [String]) {
        guard arguments.count >= 2, let gibibytes = Int(arguments[1]) else { exit(2) }
        let step = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
        let file = open(arguments[0], O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let piece = [UInt8](repeating: 0x62, count: 1 << 20)
        let (begin, count) = (Timing.now(), gibibytes << 10)
        for number in 0..<count {
            while Timing.now() < begin + UInt64(number) * 10_000_000_000 / UInt64(count) { usleep(500) }
            guard pwrite(file, piece, piece.count, off_t(number % 4096) << 20) == piece.count else { exit(1) }
            if step > 0, number % step == 0 { fdatasync(file) }
        }
        close(file)
    }

    private static func spawned(_ arguments: [String]) -> pid_t {
        var pid: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = (["store-work"] + arguments).map { strdup($0) } + [nil]
        guard posix_spawn(&pid, "/proc/self/exe", nil, nil, &words, environ) == 0 else { exit(1) }
        return pid
    }
}

/// A thread that has the disk take a file's bytes early.
private final class Helping: @unchecked Sendable {  // touched by its thread alone until it has ended
    // Glibc exports it to C with _GNU_SOURCE only.
    private typealias SyncFileRange = @convention(c) (Int32, Int64, Int64, UInt32) -> Int32
    private let file: Int32
    private let isRange: Bool
    private let isData: Bool
    private var isEnding = false
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var thread = pthread_t()

    init(_ file: Int32, _ isRange: Bool, _ isData: Bool) {
        (self.file, self.isRange, self.isData) = (file, isRange, isData)
        pthread_mutex_init(lock, nil)
        guard isRange || isData else { return }
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Helping>.fromOpaque(argument!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func run() {
        let call = dlsym(nil, "sync_file_range").map { unsafeBitCast($0, to: SyncFileRange.self) }
        while !hasToEnd {
            if isRange {
                usleep(10_000)
                _ = call?(file, 0, 0, 2)
            } else {
                sleep(1)
                fdatasync(file)
            }
        }
    }

    private var hasToEnd: Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return isEnding
    }

    func end() {
        pthread_mutex_lock(lock)
        isEnding = true
        pthread_mutex_unlock(lock)
        if isRange || isData { pthread_join(thread, nil) }
    }
}
