import FreshetGeneration
import FreshetHTTPWire
import FreshetPartialJSON
import FreshetRelay
import FreshetTransport

/// Reads one generation to its end, over as many connections as that takes. Confined to the client's loop.
final class GenerationStream {
    /// Without a byte for so long a connection is dead: the gateway sends something every 15 s.
    private static let silence = Duration.seconds(50)

    private let gateway: GatewayPlace
    private var listener: StreamListener?
    /// Who waits for the generation's name, to leave it then.
    private var onName: ((String?) -> Void)?
    private var reconnecting = Reconnecting()
    private var connection: StreamConnection?
    private var exchange: HTTPClientExchange?
    private var timer: LoopTimer?
    private var blocks: [ReadBlock] = []
    private var knowsAllBlocks = true
    private var isLost = false
    /// As the gateway named it; nil until it answered.
    private(set) var generation: String?
    /// Number of the last event that was handed on.
    private var sequence: UInt64 = 0

    init(_ gateway: GatewayPlace, _ listener: StreamListener) {
        (self.gateway, self.listener) = (gateway, listener)
    }

    /// Asks for the generation.
    func start(_ request: GenerationRequest) {
        gateway.opened(self)
        timer = gateway.loop.schedule(at: .never) { [unowned self] in
            if self.connection == nil { return self.attach() }
            self.broke(ClientError(code: .interrupted, message: "the gateway has fallen silent"))
        }
        connect(gateway.request("POST", "/v1/generations", accept: "text/event-stream", body: request.body))
    }

    /// Ends it without a word to anybody.
    func leave() {
        listener = nil
        release()
        named(generation)
    }

    /// As `leave`, but not before the gateway has named the generation: until then nobody could stop it.
    ///
    /// - Parameters:
    ///   - time: After which it is left without a name.
    ///   - then: Gets the name; nil where there is none.
    func leave(within time: Duration, then: @escaping (String?) -> Void) {
        let isNameless = generation == nil && connection != nil
        (listener, onName) = (nil, then)
        if isNameless { timer?.rearm(after: time) } else { leave() }
    }

    private func named(_ name: String?) {
        let then = onName
        onName = nil
        then?(name)
    }

    private func attach() {
        guard let generation else { return }
        let target = "/v1/generations/\(generation)/events?after=\(sequence)"
        connect(gateway.request("GET", target, accept: "text/event-stream"))
    }

    private func connect(_ request: HTTPClientRequest) {
        let connection = StreamConnection(self)
        self.connection = connection
        timer?.rearm(after: Self.silence)
        exchange = gateway.http.send(request, to: connection)
    }

    private func release() {
        timer?.cancel()
        exchange?.cancel()
        (timer, exchange, connection) = (nil, nil, nil)
        gateway.closed(self)
    }

    // MARK: What connections bring

    func received(head: HTTPResponseHead) {
        timer?.rearm(after: Self.silence)
        // It becomes part of the next request's target: only what is a name is taken for one.
        if let name = head.fields["x-freshet-generation"], GenerationID(name) != nil { generation = generation ?? name }
        guard let listener else { return leave() }
        reconnecting.attached()
        if isLost { listener.onConnection(.regained) }
        isLost = false
    }

    func receivedBytes() { timer?.rearm(after: Self.silence) }

    /// Takes the next event.
    ///
    /// - Parameters:
    ///   - event: As it came.
    ///   - text: What it was read from.
    /// - Returns: Whether more is wanted.
    func take(_ event: NativeEvent, from text: Span<UInt8>) -> Bool {
        // What was shown is never shown again, and nothing is left out.
        guard event.sequence > sequence else { return true }
        guard event.first == sequence + 1 else {
            fail(.malformed, "events \(sequence + 1) to \(event.first - 1) are missing")
            return false
        }
        sequence = event.sequence
        reconnecting.progressed()
        listener?.onEvent(read(event, text))
        guard case .generationEnd(let last) = event.event else { return listener != nil }
        if isWhole(last) { end(nil) } else { fail(.malformed, "the text is not what the gateway said it was") }
        return false
    }

    /// - Returns: The event with the text that can be shown: a character may come in two halves.
    private func read(_ event: NativeEvent, _ text: Span<UInt8>) -> NativeEvent {
        switch event.event {
        case .blockStart(let start): if start.block == blocks.count { blocks.append(ReadBlock()) }
        case .blockDelta(let block, let kind, _) where blocks.indices.contains(block):
            var shown = event
            shown.event = .blockDelta(
                block: block, kind: kind, text: blocks[block].append(event.deltaBytes(in: text).span))
            return shown
        // It may be a block of a kind that this version does not know, and the others are counted with it.
        case nil: knowsAllBlocks = false
        default: break
        }
        return event
    }

    /// Whether each block is what the gateway says it is.
    private func isWhole(_ end: GenerationEnd) -> Bool {
        guard knowsAllBlocks, !end.checksums.isEmpty else { return true }
        return end.checksums == blocks.map(\.checksum)
    }

    /// The connection is of no use any more; what follows the last event is asked for again. Only a generation that has a
    /// name is: the request that makes one is never sent twice.
    ///
    /// - Parameters:
    ///   - error: What is told when it is the last.
    ///   - wish: How long the gateway asked to be left alone.
    func broke(_ error: ClientError, asking wish: Duration? = nil) {
        exchange?.cancel()
        (exchange, connection) = (nil, nil)
        guard let listener, generation != nil else { return end(error) }
        let now = Moment(nanoseconds: gateway.loop.now().nanoseconds)
        switch reconnecting.broke(at: now, asking: wish, jitter: .random(in: 0..<1)) {
        case .reconnect(let pause):
            timer?.rearm(after: pause)
            if !isLost { listener.onConnection(.lost(error)) }
            isLost = true
        case .giveUp: end(error)
        }
    }

    func fail(_ code: ClientError.Code, _ message: String) { end(ClientError(code: code, message: message)) }

    /// The gateway refused: for good, or as long as it, or who stands before it, is not itself.
    func refused(_ status: Int, _ body: [UInt8], asking wish: Duration?) {
        let said = (try? JSONValue(parsing: body))?["error"]?["message"]?.stringValue
        let error = ClientError(
            code: status == 401 ? .unauthorized : .refused,
            message: said ?? "the gateway answered with status \(status)")
        if status >= 500 || status == 429 || status == 408 { broke(error, asking: wish) } else { end(error) }
    }

    private func end(_ error: ClientError?) {
        let report = listener
        leave()
        report?.onEnd(error)
    }
}
