import FreshetDialects
import FreshetGeneration
import FreshetHTTPWire
import FreshetRouter
import FreshetTransport

/// Serves one stream: reads from its cursor when the socket can take more, and owns no queue.
///
/// The response's head goes out with the first byte there is; until then a failure is an HTTP status.
final class StreamReader: GenerationReader {
    /// How a stream begins and what it may do to its generation.
    struct Style {
        /// Bytes sent with the head at once; nil sends the head with the first frame.
        var prelude: [UInt8]?
        /// Bytes that this reader's socket has refused when the provider is no longer read, so that it is read only as
        /// fast as this reader reads; nil lets the provider run.
        var unreadLimit: Int?
        /// What is sent after 15 s of silence.
        var heartbeat: [UInt8]
        /// Where the generation is found, for the client that made it.
        var location: String?
        /// Whether it comes late: what is there already is sent merged.
        var joins = false

        var governs: Bool { unreadLimit != nil }
    }

    private static let silence = Duration.seconds(15)
    /// Bytes a reader that governs nothing has waiting at most.
    ///
    /// Above the server's low-water mark, so that a reader that stopped writing here is called when it may go on.
    private static let ownLimit = 96 << 10
    /// Bytes behind the tail from which on deltas are merged.
    private static let behind = 64 << 10
    /// Deltas of a reader that is behind are merged up to this size.
    private static let mergeBytes = 16 << 10

    private let exchange: HTTPServerExchange
    private let generation: LiveGeneration
    private var encoder: any StreamEncoder
    private let style: Style
    private var cursor: LogCursor
    private var isJoining: Bool
    /// The last event that the client had when it came.
    private let joinedAfter: UInt64
    private var hasHead = false
    private var isDone = false
    private var isPaused = false
    private var heartbeat: LoopTimer?

    /// - Parameters:
    ///   - exchange: Answered by this reader alone; on the generation's loop already.
    ///   - generation: Holds the reader from `start` until it is done.
    ///   - encoder: Of the client's dialect.
    ///   - style: How the stream begins and what it may do to the generation.
    ///   - cursor: Behind what the client already has; then the encoder was made from the fold up to there.
    init(
        _ exchange: HTTPServerExchange, of generation: LiveGeneration, encoder: any StreamEncoder, style: Style,
        after cursor: LogCursor = LogCursor()
    ) {
        (self.exchange, self.generation, self.encoder) = (exchange, generation, encoder)
        (self.style, self.cursor, isJoining) = (style, cursor, style.joins)
        joinedAfter = cursor.next - 1
    }

    /// Begins to serve; from now on the generation holds it.
    func start() {
        exchange.body = []
        // The client may have gone while the generation was looked for.
        guard !exchange.isGone else { return generation.detach(self) }
        exchange.onGone = { [unowned self] in self.done() }
        exchange.onWritable = { [unowned self] in self.writable() }
        heartbeat = generation.loop.schedule(after: Self.silence) { [unowned self] in self.beat() }
        if let prelude = style.prelude {
            sendHead()
            exchange.write { $0 += prelude }
            // The client must hold its cursor before the provider is asked, or it would ask, and pay, twice.
            exchange.flushNow()
        }
        // The client may have gone with its first bytes.
        guard !isDone else { return }
        generation.attach(self)
    }

    func wake() {
        guard !isDone else { return }
        if !hasHead, !beginStream() { return }
        serve()
    }

    func cut() {
        guard !isDone else { return }
        if !hasHead { sendHead() }
        exchange.abortStream()
        done()
    }

    // MARK: The head

    /// Reads up to the first frame. A failure before it is answered with a status.
    ///
    /// - Returns: Whether the head is out.
    private func beginStream() -> Bool {
        var first: [UInt8] = []
        first.reserveCapacity(512)
        var end: GenerationEnd?
        while first.isEmpty, end == nil {
            let isRead = generation.live.log.read(&cursor) { item, payload in
                if case .event(.generationEnd(let event)) = item.body { end = event }
                encoder.encode(item, payload, into: &first)
            }
            guard isRead else { return false }
        }
        if let failure = end?.failure {
            ErrorAnswer(failure, of: generation)
                .send(on: exchange, generation: generation.id, fields: generation.relayedFields)
            done()
            return false
        }
        sendHead()
        exchange.write { $0 += first }
        if let end { finish(end) }
        return true
    }

    private func sendHead() {
        hasHead = true
        var fields = HTTPFields()
        fields.append("content-type", encoder.framing.contentType)
        fields.append("cache-control", "no-cache, no-transform")
        fields.append("x-accel-buffering", "no")
        if let location = style.location { fields.append("location", location) }
        fields.append(contentsOf: generation.relayedFields)
        fields.append(generation.id, for: exchange)
        exchange.startStream(status: 200, fields: fields)
    }

    // MARK: The stream

    private func serve() {
        guard !isDone, style.governs || exchange.pendingBytes < Self.ownLimit else { return }
        let log = generation.live
        let isBehind = isJoining || (!style.governs && log.log.bytesBehind(cursor) > Self.behind)
        let merge = isBehind ? Self.mergeBytes : 0
        var end: GenerationEnd?
        var hasWritten = false
        exchange.write { out in
            let start = out.count
            let limit = style.governs ? Int.max : start + Self.ownLimit
            while out.count < limit {
                let isRead = log.log.read(&cursor, merge: merge) { item, payload in
                    if case .event(.generationEnd(let event)) = item.body { end = event }
                    encoder.encode(item, payload, into: &out)
                }
                if !isRead { break }
            }
            hasWritten = out.count > start
        }
        isJoining = isJoining && cursor.next <= log.log.visibleSequence
        if generation.isReadOnce { log.log.forget(through: cursor.next - 1) }
        if hasWritten { heartbeat?.rearm(after: Self.silence) }
        if let end { return finish(end) }
        govern()
    }

    private func govern() {
        guard let limit = style.unreadLimit, !isPaused, exchange.pendingBytes > limit else { return }
        isPaused = true
        generation.pause()
    }

    private func writable() {
        guard !isDone else { return }
        if isPaused {
            isPaused = false
            generation.resume()
        }
        serve()
    }

    private func beat() {
        guard !isDone else { return }
        // A client that takes nothing needs no sign of life.
        let isTaking = exchange.pendingBytes == 0
        if !hasHead { sendHead() }
        if isTaking { exchange.write { $0 += style.heartbeat } }
        heartbeat?.rearm(after: Self.silence)
    }

    private func finish(_ end: GenerationEnd) {
        if encoder.endsCleanly(after: end.outcome) {
            exchange.endStream()
        } else {
            exchange.abortStream()
        }
        done()
    }

    private func done() {
        guard !isDone else { return }
        isDone = true
        heartbeat?.cancel()
        heartbeat = nil
        exchange.record?.events = cursor.next - 1 - joinedAfter
        exchange.onGone = nil
        exchange.onWritable = nil
        generation.detach(self)
    }
}
