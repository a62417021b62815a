import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRouter
package import FreshetTransport

extension Configuration.Limits {
    /// Puts these limits in force at a server.
    package func apply(to server: inout HTTPServerConfiguration) {
        server.limits.wire = wire
        server.limits.connections = connections
        server.limits.bodyBytes = body
        server.limits.allBodiesBytes = bodies
        server.limits.bodyBytesPerSecond = bodyRate
        server.limits.pipelinedBytes = pipelined
        server.limits.sendBufferBytes = sendBuffer
        server.limits.receiveBufferBytes = receiveBuffer
        // Below `unread`, so that whoever stopped there is called when there is room again.
        server.limits.lowWaterBytes = min(server.limits.lowWaterBytes, unread / 2)
        server.timeouts.head = headTime
        server.timeouts.idle = idleTime
        server.timeouts.write = writeTime
        server.timeouts.peer = peerTime
    }

    /// What providers are granted.
    var ofProviders: HTTPClient.Limits {
        var limits = HTTPClient.Limits()
        limits.wire = wire
        limits.receiveBufferBytes = receiveBuffer
        return limits
    }

    /// What one answer may hold.
    var ofAnswers: AnswerLimits {
        var limits = AnswerLimits()
        (limits.lineBytes, limits.eventBytes) = (line, event)
        (limits.bytes, limits.heldEvents, limits.heldBytes) = (answer, heldEvents, held)
        return limits
    }

    /// Of all JSON that peers send.
    var ofJSON: JSONLimits {
        var limits = JSONLimits()
        limits.depth = jsonDepth
        return limits
    }

    /// How long what is logged stays in memory after its end: no longer than anywhere.
    var memoryTime: Duration { min(keptTime, retentionTime) }

    private var wire: HTTPLimits {
        var limits = HTTPLimits()
        (limits.headBytes, limits.fieldCount, limits.targetBytes) = (head, fields, target)
        return limits
    }
}
