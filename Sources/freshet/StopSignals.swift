import Glibc

/// SIGTERM and SIGINT, taken by the main thread when it asks for them: no code ever runs inside a signal.
struct StopSignals {
    private var set = sigset_t()

    /// Keeps them from ending the process. To be called before any thread starts: threads inherit it.
    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // Whoever reads our output may leave before us.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for one.
    ///
    /// - Parameter limit: nil waits for ever.
    /// - Returns: Its number; nil when none came in time.
    func next(within limit: Duration? = nil) -> Int32? {
        var set = set
        guard let limit else {
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            return number
        }
        let (seconds, attoseconds) = limit.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        let number = sigtimedwait(&set, nil, &time)
        return number > 0 ? number : nil
    }
}
