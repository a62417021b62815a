/// The timers of one loop, ordered by the moment they were filed under, which is never later than their deadline.
struct TimerHeap {
    private struct Entry {
        let key: MonotonicTime
        let timer: LoopTimer
        /// A timer filed again under an earlier key leaves its old entry behind.
        var isStale: Bool { timer.filed != key }
    }
    private var entries: ContiguousArray<Entry> = []
    private var abandoned = 0

    /// The moment at which the heap wants to be asked; `never` when it is empty.
    var next: MonotonicTime { entries.first?.key ?? .never }

    var count: Int { entries.count }

    /// Files a timer under its present deadline. O(log n).
    mutating func file(_ timer: LoopTimer) {
        guard timer.deadline != .never else { return }
        timer.filed = timer.deadline
        entries.append(Entry(key: timer.deadline, timer: timer))
        siftUp(entries.count - 1)
    }

    /// Notes that a filed timer was cancelled; when half of them are, all are dropped in one sweep, so that
    /// short-lived timers with far deadlines do not pile up.
    mutating func abandonedOne() {
        abandoned += 1
        guard abandoned > 64, abandoned > entries.count / 2 else { return }
        entries.removeAll { $0.isStale || $0.timer.body == nil }
        abandoned = 0
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    /// The next timer that is due; nil when none is. Those that were moved are filed anew.
    mutating func popDue(_ now: MonotonicTime) -> LoopTimer? {
        while let first = entries.first, first.key <= now {
            removeFirst()
            guard !first.isStale else { continue }
            first.timer.filed = .never
            if first.timer.body == nil { abandoned = max(0, abandoned - 1) }
            if first.timer.deadline <= now { return first.timer }
            file(first.timer)
        }
        return nil
    }

    /// Ends every timer: the loop ends.
    mutating func cancelAll() {
        let ended = entries
        (entries, abandoned) = ([], 0)
        for entry in ended {
            entry.timer.filed = .never
            entry.timer.cancel()
        }
    }

    private mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        if !entries.isEmpty { siftDown(0) }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].key < entries[parent].key else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].key < entries[least].key { least = child }
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
