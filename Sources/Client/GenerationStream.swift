import FreshetEventStreams
import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetTransport

/// Reads one native event stream. Confined to the client's loop.
final class GenerationStream: HTTPClientDelegate {
    private static let refusalLimit = 64 << 10

    private let onEvent: @Sendable (NativeEvent) -> Void
    private var onEnd: (@Sendable (ClientError?) -> Void)?
    private var events = EventStreamDecoder()
    private var refusedStatus: Int?
    private var refusal: [UInt8] = []
    private var sequence: UInt64 = 0

    init(
        onEvent: @escaping @Sendable (NativeEvent) -> Void, onEnd: @escaping @Sendable (ClientError?) -> Void
    ) {
        (self.onEvent, self.onEnd) = (onEvent, onEnd)
    }

    func connected() {}

    func received(head: HTTPResponseHead) { if head.status != 200 { refusedStatus = head.status } }

    func received(body: Span<UInt8>) {
        guard refusedStatus == nil else {
            if refusal.count < Self.refusalLimit { body.withUnsafeBufferPointer { refusal.append(contentsOf: $0) } }
            return
        }
        events.receive(body)
        takeEvents()
    }

    func ended() {
        if let refusedStatus { return end(refused(refusedStatus)) }
        end(ClientError(code: .interrupted, message: "the stream ended before the answer did"))
    }

    func failed(_ error: TransportError) {
        let code: ClientError.Code = sequence == 0 && error.sentNothing ? .unreachable : .interrupted
        end(ClientError(code: code, message: error.message))
    }

    private func takeEvents() {
        do {
            while onEnd != nil, let item = try events.next() {
                guard case .event(_, let data) = item, !data.isEmpty else { continue }
                let bytes = events.bytes
                try take(NativeEvent(parsing: bytes.span.extracting(data)))
            }
        } catch {
            end(ClientError(code: .malformed, message: "the gateway's stream is broken: \(error)"))
        }
    }

    private func take(_ event: NativeEvent) {
        // What was shown is never shown again, and nothing is left out.
        guard event.sequence > sequence else { return }
        guard event.first == sequence + 1 else {
            let gap = "events \(sequence + 1) to \(event.first - 1) are missing"
            return end(ClientError(code: .malformed, message: gap))
        }
        sequence = event.sequence
        onEvent(event)
        if case .generationEnd = event.event { end(nil) }
    }

    private func refused(_ status: Int) -> ClientError {
        let said = (try? JSONValue(parsing: refusal))?["error"]?["message"]?.stringValue
        return ClientError(code: .refused, message: said ?? "the gateway answered with status \(status)")
    }

    private func end(_ error: ClientError?) {
        let report = onEnd
        onEnd = nil
        report?(error)
    }
}
