import FreshetEventStreams
import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// One connection of a stream: decodes what comes and tells how it went. Confined to the client's loop.
final class StreamConnection: HTTPClientDelegate {
    private static let refusalLimit = 64 << 10

    private weak var stream: GenerationStream?
    private var events = EventStreamDecoder()
    private var refusedStatus: Int?
    private var wish: Duration?
    private var refusal: [UInt8] = []
    private var hasAnswer = false

    init(_ stream: GenerationStream) { self.stream = stream }

    func connected() {}

    func received(head: HTTPResponseHead) {
        hasAnswer = true
        if head.status == 200 {
            stream?.received(head: head)
            return
        }
        refusedStatus = head.status
        // The form with a date is passed over: two clocks would have to agree.
        if let seconds = head.fields["retry-after"].flatMap({ UInt32($0) }) { wish = .seconds(seconds) }
    }

    func received(body: Span<UInt8>) {
        guard refusedStatus == nil else {
            if refusal.count < Self.refusalLimit { body.withUnsafeBufferPointer { refusal.append(contentsOf: $0) } }
            return
        }
        stream?.receivedBytes()
        events.receive(body)
        takeEvents()
    }

    func ended() {
        if let refusedStatus {
            stream?.refused(refusedStatus, refusal, asking: wish)
        } else {
            stream?.broke(ClientError(code: .interrupted, message: "the stream ended before the answer did"))
        }
    }

    func failed(_ error: TransportError) {
        let code: ClientError.Code = !hasAnswer && error.sentNothing ? .unreachable : .interrupted
        stream?.broke(ClientError(code: code, message: error.message))
    }

    private func takeEvents() {
        do {
            while let stream, let item = try events.next() {
                guard case .event(_, let data) = item, !data.isEmpty else { continue }
                let bytes = events.bytes
                let text = bytes.span.extracting(data)
                guard stream.take(try NativeEvent(parsing: text), from: text) else { return }
            }
        } catch {
            stream?.fail(.malformed, "the gateway's stream is broken: \(error)")
        }
    }
}
