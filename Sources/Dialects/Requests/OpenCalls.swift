/// The tool calls of a conversation that nobody has answered yet, from the first turn on.
struct OpenCalls {
    /// A call.
    struct Call {
        var id: String
        var name: String
        var isOpen = true
    }

    private var calls: [Call] = []
    private var (byID, byName): ([String: Queue], [String: Queue]) = ([:], [:])

    /// Places in `calls`, the oldest first.
    private struct Queue {
        var places: [Int] = []
        var head = 0
    }

    mutating func begin(id: String, name: String) {
        byID[id, default: Queue()].places.append(calls.count)
        byName[name, default: Queue()].places.append(calls.count)
        calls.append(Call(id: id, name: name))
    }

    /// The oldest open call of that id, which is open no more; nil when there is none.
    mutating func answer(id: String) -> Call? {
        guard var queue = byID[id] else { return nil }
        defer { byID[id] = queue }
        return take(from: &queue)
    }

    /// The oldest open call of that tool.
    mutating func answer(name: String) -> Call? {
        guard var queue = byName[name] else { return nil }
        defer { byName[name] = queue }
        return take(from: &queue)
    }

    private mutating func take(from queue: inout Queue) -> Call? {
        while queue.head < queue.places.count {
            let place = queue.places[queue.head]
            queue.head += 1
            guard calls[place].isOpen else { continue }
            calls[place].isOpen = false
            return calls[place]
        }
        return nil
    }
}
