import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetTransport

extension Configuration {
    /// What clients and providers are granted. What each bounds, and what happens past it: `Limits.members`, which
    /// `freshet check` prints, and `docs/limits.md`.
    package struct Limits: Sendable, Equatable {
        /// Open connections of clients.
        package var connections: Int
        /// Bytes of one head, a client's or a provider's.
        package var head: Int
        /// Fields of one head.
        package var fields: Int
        /// Bytes of path and query.
        package var target: Int
        /// Bytes of one request's body.
        package var body: Int
        /// Bytes of all bodies held at once.
        package var bodies: Int
        /// Bytes a second that a body brings at least.
        package var bodyRate: Int
        /// Bytes of further requests taken while one is answered.
        package var pipelined: Int
        /// Bytes the kernel keeps for a slow reader of one connection.
        package var sendBuffer: Int
        /// Bytes the kernel takes of a peer unasked.
        package var receiveBuffer: Int
        /// Bytes that the only reader of an answer has not taken when its provider is read no longer.
        package var unread = 256 << 10
        /// Objects and arrays inside one another; at most 128.
        package var jsonDepth: Int

        /// Bytes of one line of a provider's stream.
        package var line: Int
        /// Bytes of one event of a provider's stream.
        package var event: Int
        /// Bytes of one answer.
        package var answer: Int
        /// Events held back before the first content.
        package var heldEvents: Int
        /// Bytes of those.
        package var held: Int

        /// Bytes of log lines that wait for whoever reads standard output.
        package var logRing = 1 << 20
        /// Bytes of all logged answers that have ended.
        package var kept = 256 << 20

        /// Bytes that all logged answers may take on disk once they have ended.
        package var retention = 1 << 30
        /// For logged answers to stay on disk.
        package var retentionTime = Duration.seconds(24 * 3600)

        /// For a whole head.
        package var headTime: Duration
        /// For the next request on a kept connection.
        package var idleTime: Duration
        /// For a reader to take anything.
        package var writeTime: Duration
        /// For a client's machine to answer anything.
        package var peerTime: Duration
        /// For what is open when the process was told to end.
        package var drainTime = Duration.seconds(30)
        /// For a logged answer to be read again after its end.
        package var keptTime = Duration.seconds(3600)
        /// For a native answer to run on without a reader.
        package var orphanTime = Duration.seconds(600)

        /// The defaults of those that keep to them.
        package init() {
            let server = HTTPServerConfiguration()
            let answers = AnswerLimits()
            connections = server.limits.connections
            head = server.limits.wire.headBytes
            fields = server.limits.wire.fieldCount
            target = server.limits.wire.targetBytes
            body = server.limits.bodyBytes
            bodies = server.limits.allBodiesBytes
            bodyRate = server.limits.bodyBytesPerSecond
            pipelined = server.limits.pipelinedBytes
            sendBuffer = server.limits.sendBufferBytes ?? 256 << 10
            receiveBuffer = server.limits.receiveBufferBytes ?? 256 << 10
            jsonDepth = JSONLimits().depth
            line = answers.lineBytes
            event = answers.eventBytes
            answer = answers.bytes
            heldEvents = answers.heldEvents
            held = answers.heldBytes
            headTime = server.timeouts.head
            idleTime = server.timeouts.idle
            writeTime = server.timeouts.write
            peerTime = server.timeouts.peer
        }
    }
}
