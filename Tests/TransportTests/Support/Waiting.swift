import Foundation
import FreshetTransport
import Testing

/// A value that one thread sets and another waits for.
final class Promise<Value: Sendable>: @unchecked Sendable {  // behind the condition
    private let condition = NSCondition()
    private var value: Value?

    func fulfil(_ value: Value) {
        condition.withLock {
            if self.value == nil { self.value = value }
            condition.broadcast()
        }
    }

    /// nil after ten seconds.
    func wait(seconds: Double = 10) -> Value? {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while value == nil, condition.wait(until: end) {}
        return value
    }
}

/// Things that happened, in order, told by several threads.
final class Journal<Entry: Sendable>: @unchecked Sendable {  // behind the lock
    private let lock = NSLock()
    private var list: [Entry] = []
    func append(_ entry: Entry) { lock.withLock { list.append(entry) } }
    var entries: [Entry] { lock.withLock { list } }
}

extension EventLoop {
    /// Runs `body` on the loop and gives what it returns.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let promise = Promise<Value>()
        execute { promise.fulfil(body()) }
        guard let value = promise.wait() else { fatalError("the loop does not turn") }
        return value
    }
}

/// Asks until it is true; false after ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        usleep(5000)
    }
    return condition()
}

/// A number that several threads change.
final class Counter: @unchecked Sendable {  // behind the lock
    private let lock = NSLock()
    private var number = 0
    var value: Int { lock.withLock { number } }
    func add(_ change: Int = 1) { lock.withLock { number += change } }
}
