#if THREAD_SANITIZER
    import Glibc

    /// A value behind a lock that the thread sanitizer sees: Swift's `Mutex` comes without its instrumentation, so that
    /// everything it orders would look like a race.
    package final class Locked<Value>: @unchecked Sendable {  // all of it happens under the lock
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private var value: Value

        /// Takes the value in.
        package init(_ value: sending Value) {
            self.value = value
            pthread_mutex_init(lock, nil)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        /// Runs `body` while nobody else can.
        package func withLock<Result, Failure>(
            _ body: (inout Value) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value)
        }
    }
#else
    package import Synchronization

    /// A value behind a lock.
    package typealias Locked = Mutex
#endif
