import FreshetDialects
import FreshetEventStreams
import FreshetGeneration
import FreshetTestSupport

/// A provider's body read into a log, as the router would.
struct DecodedAnswer {
    var log = GenerationLog()
    /// The data of each frame.
    var frames: [[UInt8]] = []
    var errors: [FrameError] = []
    var failure: ProviderFailure?
    var isFinished = false
    var isDone = false
    private let dialect: ProviderDialect
    private var decoder: any ProviderDecoder

    /// Before the first frame.
    init(of dialect: ProviderDialect) {
        self.dialect = dialect
        decoder = dialect.decoder(of: .init(route: "corpus/stream", generation: .sample))
    }

    /// Reads an event stream cut at `plan`.
    init(body: [UInt8], plan: [Range<Int>]? = nil, in dialect: ProviderDialect = .openAIChat) throws {
        self.init(of: dialect)
        log.append(.generationStart(.sample))
        var stream = EventStreamDecoder()
        for range in plan ?? [0..<body.count] {
            stream.receive(body.span.extracting(range))
            try take(&stream)
        }
        stream.finish()
        try take(&stream)
        if let rest = stream.unfinishedData { take(stream.bytes.span.extracting(rest)) }
        end()
    }

    /// Reads frames' data.
    init(frames: [String], in dialect: ProviderDialect = .openAIChat) {
        self.init(of: dialect)
        log.append(.generationStart(.sample))
        for frame in frames { take(frame.utf8.span) }
        end()
    }

    /// Reads a streamed JSON array cut at `plan`.
    init(array body: [UInt8], plan: [Range<Int>]? = nil, in dialect: ProviderDialect) throws {
        self.init(of: dialect)
        log.append(.generationStart(.sample))
        var elements = JSONArrayDecoder()
        for range in plan ?? [0..<body.count] {
            elements.receive(body.span.extracting(range))
            while let element = try elements.next() { take(elements.bytes.span.extracting(element)) }
        }
        end()
    }

    private mutating func take(_ stream: inout EventStreamDecoder) throws {
        while let item = try stream.next() {
            guard case .event(_, let data) = item else { continue }
            take(stream.bytes.span.extracting(data))
        }
    }

    private mutating func take(_ data: Span<UInt8>) {
        guard failure == nil, !isDone, data.count > 0 else { return }
        frames.append(data.withUnsafeBufferPointer { Array($0) })
        do throws(FrameError) {
            let frame = try decoder.decode(data, into: &log)
            isFinished = frame.isFinished
            isDone = frame.isDone
            failure = frame.failure
        } catch { errors.append(error) }
    }

    private mutating func end() {
        decoder.closeBlocks(in: &log)
        if isFinished, failure == nil {
            log.append(
                .generationEnd(GenerationEnd(outcome: .finished, finishReason: log.fold().finishes.first?.reason)))
            return
        }
        let truncated = GenerationFailure(code: .providerTruncated, message: "the stream ended", isRetryable: true)
        let end = GenerationEnd(outcome: .failed, failure: failure?.failure ?? truncated)
        log.append(.generationEnd(end), extras: failure.map { .error($0.raw, in: dialect) })
    }

    /// All events of the log, for comparison.
    var events: [Seen] { log.seen() }
}
