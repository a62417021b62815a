import CLinux
import Glibc

/// Gives a `CatalogueDatabase` a thread of its own, so that no loop waits for the disk.
package final class Catalogue: Sendable {
    /// Jobs that wait at most. Past it, or past `byteLimit`, a job fails with `busy`: a request is answered 503, and
    /// a finished log stays in its segments and is handed over again later.
    package static let jobLimit = 4096
    /// Bytes that waiting jobs hold at most.
    package static let byteLimit = 64 << 20

    private let queue: JobQueue
    private let worker: Worker

    /// Starts the thread.
    ///
    /// - Parameter database: Used by nobody else from now on.
    /// - Throws: When the system gives no thread.
    package convenience init(_ database: CatalogueDatabase) throws(StoreFailure) {
        try self.init(database, jobLimit: Self.jobLimit, byteLimit: Self.byteLimit)
    }

    init(_ database: CatalogueDatabase, jobLimit: Int, byteLimit: Int) throws(StoreFailure) {
        queue = JobQueue(jobLimit: jobLimit, byteLimit: byteLimit)
        worker = Worker(database, queue)
        try worker.start()
    }

    /// Has `work` done on the catalogue's thread, in the order of calls.
    ///
    /// - Parameters:
    ///   - bytes: What `work` holds on to while it waits.
    ///   - work: Uses the database and keeps nothing of it.
    ///   - then: Called on the catalogue's thread, or at once on this one with `busy`: go back to your loop from there.
    package func perform<Result: Sendable>(
        bytes: Int = 0, _ work: @escaping @Sendable (CatalogueDatabase) throws -> Result,
        then: @escaping @Sendable (Swift.Result<Result, StoreFailure>) -> Void
    ) {
        let worker = worker
        let isTaken = queue.add(bytes: bytes) {
            do { then(.success(try work(worker.database))) } catch {
                then(.failure(error as? StoreFailure ?? StoreFailure(.other, "\(error)")))
            }
        }
        if !isTaken { then(.failure(StoreFailure(.busy, "more waits for the catalogue than may wait"))) }
    }

    /// Does what waits, ends the thread, and leaves the file in order. Waits for it: call it on no loop.
    package func close() throws(StoreFailure) {
        queue.close()
        worker.join()
        try worker.database.close()
    }
}

/// The catalogue's thread.
private final class Worker: @unchecked Sendable {  // the database is touched on its thread only, and after its end
    let database: CatalogueDatabase
    private let queue: JobQueue
    private var thread = pthread_t()

    init(_ database: CatalogueDatabase, _ queue: JobQueue) { (self.database, self.queue) = (database, queue) }

    func start() throws(StoreFailure) {
        let queue = Unmanaged.passRetained(queue)
        let code = pthread_create(
            &thread, nil,
            { argument in
                freshet_name_thread("catalogue")
                Unmanaged<JobQueue>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, queue.toOpaque())
        guard code == 0 else {
            queue.release()
            throw StoreFailure("start", "the catalogue's thread", code)
        }
    }

    func join() { pthread_join(thread, nil) }
}
