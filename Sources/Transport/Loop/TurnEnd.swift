/// Something that gathers work during a turn of its loop and does it once at the turn's end.
public protocol TurnEnd: AnyObject {
    /// Called once at the end of each turn in which it was marked, before sockets are flushed.
    func turnEnded()
}

/// The objects marked during one turn, each held once.
struct TurnEndList {
    private var marked: ContiguousArray<any TurnEnd> = []
    private var identities: Set<ObjectIdentifier> = []
    private var position = 0
    /// Up to here looking through the list is cheaper than hashing.
    private static let scanned = 16

    var isEmpty: Bool { position == marked.count }

    mutating func mark(_ object: any TurnEnd) {
        guard marked.count - position >= Self.scanned else {
            for index in position..<marked.count where marked[index] === object { return }
            marked.append(object)
            return
        }
        if identities.isEmpty {
            for index in position..<marked.count { identities.insert(ObjectIdentifier(marked[index])) }
        }
        if identities.insert(ObjectIdentifier(object)).inserted { marked.append(object) }
    }

    /// Takes the next object, which may then be marked again; nil when none is left.
    mutating func next() -> (any TurnEnd)? {
        guard position < marked.count else {
            marked.removeAll(keepingCapacity: true)
            position = 0
            return nil
        }
        defer { position += 1 }
        if !identities.isEmpty { identities.remove(ObjectIdentifier(marked[position])) }
        return marked[position]
    }
}
