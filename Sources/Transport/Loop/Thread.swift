import CLinux
import Glibc

private final class ThreadBody {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// Starts a thread that must be joined or detached.
///
/// - Parameters:
///   - name: Shown by debuggers and `top -H`; the first 15 characters count.
///   - run: What the thread does; it ends with it.
/// - Returns: What `pthread_join` or `pthread_detach` takes.
/// - Throws: `systemFailure` when the system gives no thread.
func startThread(named name: String, _ run: @escaping @Sendable () -> Void) throws(TransportError) -> pthread_t {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(ThreadBody(name: name, run: run))
    let result = pthread_create(
        &thread, nil,
        { argument in
            let body = Unmanaged<ThreadBody>.fromOpaque(argument!).takeRetainedValue()
            freshet_name_thread(String(body.name.prefix(15)))
            body.run()
            return nil
        }, body.toOpaque())
    guard result == 0 else {
        body.release()
        throw TransportError(.systemFailure, "pthread_create: \(systemMessage(result))")
    }
    return thread
}

/// Starts a thread that nobody waits for.
///
/// - Parameters:
///   - name: As for `startThread`.
///   - run: What the thread does; it ends with it.
/// - Throws: `systemFailure` when the system gives no thread.
package func startDetachedThread(named name: String, _ run: @escaping @Sendable () -> Void) throws(TransportError) {
    pthread_detach(try startThread(named: name, run))
}

/// The system's words for an error number.
func systemMessage(_ number: Int32 = errno) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}
