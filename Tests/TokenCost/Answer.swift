import FreshetDialects
import FreshetEventStreams
import FreshetGeneration

/// One long answer of a provider: as bytes, and as the log they become.
struct Answer {
    static let id = GenerationID(milliseconds: 0, random: (0, 0))
    /// Bytes handed over at a time: about 70 events.
    private static let piece = 16 << 10

    let tokens: Int
    private let bytes: [UInt8]
    private var log = GenerationLog()

    private let dialect: ProviderDialect
    /// Events of the stream.
    private let events: Int

    init(of dialect: ProviderDialect, tokens: Int) {
        (self.dialect, self.tokens) = (dialect, tokens)
        let frames = Frames(dialect)
        let all = frames.first + (0..<tokens).map { frames.token(" t\(1_000_000 + $0)") } + frames.last
        events = all.count
        bytes = Array(all.joined().utf8)
        log = decoded()
    }

    /// Takes the stream apart into the data of its events.
    func split() {
        var found = 0
        eachEvent { _ in found += 1 }
        precondition(found == events)
    }

    /// The log that the stream becomes.
    func decoded() -> GenerationLog {
        var log = Self.begun()
        var decoder = dialect.decoder(of: ProviderDialect.Answer(route: "bench", generation: Self.id))
        eachEvent { data in
            do { _ = try decoder.decode(data, into: &log) } catch { preconditionFailure("\(error)") }
        }
        log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: .stop)))
        precondition(log.lastSequence > tokens)
        return log
    }

    /// A log of as many deltas, without a stream before it.
    func appended() -> GenerationLog {
        var log = Self.begun()
        for _ in 0..<tokens { log.appendDelta(block: 0, kind: .text) { $0 += " t1000000".utf8 } }
        precondition(log.lastSequence > tokens)
        return log
    }

    /// Follows the log to its end.
    func read() {
        var seen = 0
        follow { _, payload in seen += payload.count }
        precondition(seen >= tokens)
    }

    /// Writes the log in a client's dialect, emptying the output as a socket would.
    func encode(_ encoder: any StreamEncoder) {
        var (encoder, out, written) = (encoder, [UInt8](), 0)
        follow { item, payload in
            encoder.encode(item, payload, into: &out)
            guard out.count > Self.piece else { return }
            written += out.count
            out.removeAll(keepingCapacity: true)
        }
        precondition(written > tokens)
    }

    private static func begun() -> GenerationLog {
        var log = GenerationLog()
        log.append(.generationStart(GenerationStart(id: id, model: "bench", createdMilliseconds: 0)))
        return log
    }

    private func follow(_ body: (LoggedEvent, Span<UInt8>) -> Void) {
        var cursor = LogCursor()
        while log.read(&cursor, body) {}
    }

    private func eachEvent(_ body: (Span<UInt8>) -> Void) {
        var events = EventStreamDecoder()
        var start = 0
        do {
            while start < bytes.count {
                let end = min(start + Self.piece, bytes.count)
                events.receive(bytes.span.extracting(start..<end))
                while let item = try events.next() {
                    if case .event(_, let data) = item { body(events.bytes.span.extracting(data)) }
                }
                start = end
            }
        } catch { preconditionFailure("\(error)") }
    }
}
