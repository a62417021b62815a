/// The connections of one client to one origin under one key; the client forgets it with the last of them.
final class HTTPClientPool {
    let key: HTTPClient.PoolKey
    /// Those that wait for a request, the one that waited longest first.
    private(set) var waiting: [HTTPClientConnection] = []
    /// How many there are, the busy ones among them.
    var connections = 0

    init(key: HTTPClient.PoolKey) { self.key = key }

    /// - Returns: The connection that has to go, because more than `limit` wait now.
    func keep(_ connection: HTTPClientConnection, limit: Int) -> HTTPClientConnection? {
        waiting.append(connection)
        return waiting.count > max(limit, 1) ? waiting.removeFirst() : nil
    }

    /// Takes the connection that waited shortest.
    func take() -> HTTPClientConnection? { waiting.popLast() }

    func forget(_ connection: HTTPClientConnection) { waiting.removeAll { $0 === connection } }

    /// Takes all that wait.
    func takeAll() -> [HTTPClientConnection] {
        defer { waiting = [] }
        return waiting
    }
}
