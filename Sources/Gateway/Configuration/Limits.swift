import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
import FreshetTransport

extension Configuration {
    /// What clients and providers are granted. What each bounds, and what happens past it: `Limits.members`, which
    /// `freshet check` prints, and `docs/limits.md`.
    package struct Limits: Sendable, Equatable {
        package var connections: Int
        package var head: Int
        package var fields: Int
        package var target: Int
        package var body: Int
        package var bodies: Int
        /// Bytes a second.
        package var bodyRate: Int
        package var pipelined: Int
        package var sendBuffer: Int
        package var receiveBuffer: Int
        package var unread = 256 << 10
        package var jsonDepth: Int

        package var line: Int
        package var event: Int
        package var answer: Int
        package var heldEvents: Int
        package var held: Int

        package var logRing = 1 << 20

        package var headTime: Duration
        package var idleTime: Duration
        package var writeTime: Duration
        package var peerTime: Duration
        package var drainTime = Duration.seconds(30)

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
