/// The bytes of one request on their way out. A large body is not copied behind the head but sent after it.
struct RequestBytes {
    private var front: [UInt8] = []
    private var body: [UInt8] = []
    private var sent = 0
    /// Bodies up to this size travel in one buffer, and one system call, with their head.
    private static let joined = 16 << 10

    init() {}

    init(head: [UInt8], body: [UInt8]) {
        front = head
        if body.count <= Self.joined { front.append(contentsOf: body) } else { self.body = body }
    }

    var isEmpty: Bool { sent == front.count && body.isEmpty }

    /// Lends the next bytes to send; not all that there are.
    func withNext<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        front.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[sent...])) }
    }

    /// Drops `count` bytes that were sent.
    mutating func consume(_ count: Int) {
        sent += count
        guard sent == front.count, !body.isEmpty else { return }
        (front, body, sent) = (body, [], 0)
    }
}
