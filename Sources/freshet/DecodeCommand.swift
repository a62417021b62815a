import FreshetDialects
import FreshetEventStreams
import FreshetGeneration

/// `freshet decode FILE --dialect D`
struct DecodeCommand {
    private var options: Options
    private let dialect: ProviderDialect

    init(_ options: Options) throws(CommandError) {
        self.options = options
        try self.options.parse(valued: ["dialect"])
        guard self.options.positional.count == 1 else {
            throw CommandError("decode takes one file: freshet decode FILE --dialect D", status: 2)
        }
        let known = ProviderDialect.allCases.map(\.name.rawValue)
        let wanted = self.options["dialect"]
        guard let dialect = ProviderDialect.allCases.first(where: { $0.name.rawValue == wanted }) else {
            let problem = wanted == nil ? "--dialect is missing: it" : "--dialect"
            throw CommandError("\(problem) must be one of \(known.joined(separator: ", "))", status: 2)
        }
        self.dialect = dialect
    }

    func run() throws(CommandError) {
        let bytes = try InputFile.read(options.positional[0])
        var recording = RecordedAnswer(dialect)
        // A recording is an event stream, the decoded chunks one a line, or Gemini's array.
        switch bytes.first {
        case 0x7B: recording.readLines(bytes)
        case 0x5B: recording.readElements(bytes)
        default: recording.readEvents(bytes)
        }
        guard recording.frames > 0 else {
            throw CommandError("\(options.positional[0]) holds no frame of a stream in \(dialect.name.rawValue)")
        }
        recording.finish()
        var out: [UInt8] = []
        var cursor = LogCursor()
        while recording.log.read(&cursor, { NativeJSON.append($0, $1, to: &out) }) { out.append(0x0A) }
        Terminal.write(out, to: 1)
    }
}

/// A provider's recorded stream being read into a log.
private struct RecordedAnswer {
    /// A recording has no id and no time of its own: zeros show that.
    private static let id = GenerationID(milliseconds: 0, random: (0, 0))

    var log = GenerationLog()
    /// Frames that could be decoded.
    private(set) var frames = 0
    private var decoder: any ProviderDecoder
    private var isFinished = false
    private var failure: GenerationFailure?
    private var reason: FinishReason?
    private var usage: Usage?

    init(_ dialect: ProviderDialect) {
        decoder = dialect.decoder(of: ProviderDialect.Answer(route: "recording", generation: Self.id))
        log.append(.generationStart(GenerationStart(id: Self.id, model: "recording", createdMilliseconds: 0)))
    }

    mutating func readEvents(_ bytes: [UInt8]) {
        var events = EventStreamDecoder()
        events.receive(bytes.span)
        events.finish()
        var stray = StrayJSON()
        while let item = try? events.next() {
            switch item {
            case .event(_, let data):
                _ = stray.cut()
                if !data.isEmpty { read(events.bytes.span.extracting(data)) }
            case .stray(let line):
                guard case .object(let range) = stray.take(events.bytes.span.extracting(line)) else { continue }
                let bytes = stray.bytes
                read(bytes.span.extracting(range))
            case .comment, .end: break
            }
        }
        // Some servers leave out the last blank line; half a frame there is none.
        guard failure == nil, let rest = events.unfinishedData else { return }
        let held = (log, decoder, notes: frames)
        read(events.bytes.span.extracting(rest))
        if frames == held.notes { (log, decoder) = (held.0, held.1) }
    }

    mutating func readLines(_ bytes: [UInt8]) {
        var lines = JSONLinesDecoder()
        lines.receive(bytes.span)
        lines.finish()
        while let line = try? lines.next() { read(lines.bytes.span.extracting(line)) }
    }

    mutating func readElements(_ bytes: [UInt8]) {
        var elements = JSONArrayDecoder()
        elements.receive(bytes.span)
        elements.finish()
        while let element = try? elements.next() { read(elements.bytes.span.extracting(element)) }
    }

    private mutating func read(_ data: Span<UInt8>) {
        guard failure == nil else { return }
        do throws(FrameError) {
            let frame = try decoder.decode(data, into: &log)
            frames += 1
            isFinished = frame.isFinished
            if let failed = frame.failure { failure = failed.failure }
            reason = frame.finishReason ?? reason
            usage = frame.usage ?? usage
        } catch .misplaced {
            isFinished = false
            failure = GenerationFailure(
                code: .providerMalformed, message: "a frame goes on with a tool call that cannot take what it says",
                isRetryable: true)
        } catch {
            log.append(.notice(code: "frame_skipped", message: "a frame could not be decoded: \(error)"))
        }
    }

    mutating func finish() {
        if isFinished { decoder.closeBlocks(in: &log) }
        var end = GenerationEnd(outcome: .finished, finishReason: reason, usage: usage)
        if !isFinished {
            end.outcome = .failed
            end.failure =
                failure
                ?? GenerationFailure(
                    code: .providerTruncated, message: "the recording ends before the answer does", isRetryable: true)
        }
        log.append(.generationEnd(end))
    }
}
