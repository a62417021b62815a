import Glibc

/// Jobs for one thread, with a limit on how many wait and on the bytes they hold.
final class JobQueue: @unchecked Sendable {  // all of it happens under the lock
    private struct Job {
        let bytes: Int
        let run: @Sendable () -> Void
    }
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job] = []
    private var bytes = 0
    private var isClosed = false
    private let jobLimit: Int
    private let byteLimit: Int

    init(jobLimit: Int, byteLimit: Int) {
        (self.jobLimit, self.byteLimit) = (jobLimit, byteLimit)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(lock)
        condition.deallocate()
        lock.deallocate()
    }

    /// - Returns: false when too much waits, or the queue is closed. A job of any size goes into an empty queue.
    func add(bytes count: Int, _ run: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isClosed, jobs.count < jobLimit, bytes == 0 || bytes + count <= byteLimit else { return false }
        jobs.append(Job(bytes: count, run: run))
        bytes += count
        pthread_cond_signal(condition)
        return true
    }

    /// What waits still runs; nothing more is taken.
    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(lock)
    }

    /// Runs jobs in order until the queue is closed and empty.
    func run() {
        while true {
            pthread_mutex_lock(lock)
            while jobs.isEmpty, !isClosed { pthread_cond_wait(condition, lock) }
            let batch = jobs
            jobs = []
            pthread_mutex_unlock(lock)
            guard !batch.isEmpty else { return }
            for job in batch {
                job.run()
                pthread_mutex_lock(lock)
                bytes -= job.bytes
                pthread_mutex_unlock(lock)
            }
        }
    }
}
