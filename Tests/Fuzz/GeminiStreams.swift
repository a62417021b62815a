import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// Every line is one frame of a Gemini provider: one that is refused leaves nothing, one that is taken is written again as
/// it was, behind any cut too; calls that ended have arguments that are JSON; and every other dialect's clients can be told
/// of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    var answer = Answer(choices: 1 + input.bytes.count % 3)
    for line in input.bytes.split(separator: 0x0A) {
        guard answer.take(Array(line)) else { break }
    }
    answer.end()
    answer.expectGrammar()
    answer.expectSameChunks()
    answer.expectOthersToTell()
    return 0
}

private struct Answer {
    let id = GenerationID(milliseconds: 1_763_650_000_000, random: (1, 2))
    private var log = GenerationLog()
    private var decoder: GeminiDecoder
    /// The frames that were taken.
    private var taken: [JSONValue] = []
    /// The events at which a frame ends: where a reader may be cut off.
    private var frameEnds: [UInt64] = [1]
    private var isFinished = false

    init(choices: Int) {
        log.append(.generationStart(GenerationStart(id: id, model: "fuzz", createdMilliseconds: 1_763_650_000_000)))
        decoder = GeminiDecoder(route: "fuzz/fuzz", generation: id, choices: choices)
    }

    /// - Returns: Whether more may follow.
    mutating func take(_ frame: [UInt8]) -> Bool {
        let before = log.lastSequence
        guard let decoded = try? decoder.decode(frame.span, into: &log) else {
            expect(log.lastSequence == before, "a frame that was refused left events")
            return true
        }
        if decoded.failure != nil || decoded.isDone {
            expect(log.lastSequence == before, "an error left events")
            return false
        }
        guard let value = try? JSONValue(parsing: frame) else { fatalError("a frame was taken that is no JSON") }
        expect(log.lastSequence > before, "a frame left nothing")
        taken.append(value)
        frameEnds.append(log.lastSequence)
        isFinished = decoded.isFinished
        return true
    }

    mutating func end() {
        decoder.closeBlocks(in: &log)
        let reason = log.fold().finishes.first { $0.choice == 0 }?.reason
        var end = GenerationEnd(outcome: .finished, finishReason: reason, usage: log.fold().usage)
        if !isFinished {
            end.outcome = .failed
            end.failure = GenerationFailure(code: .providerTruncated, message: "the end", isRetryable: true)
        }
        log.append(.generationEnd(end))
    }

    func expectGrammar() {
        var (grammar, cursor) = (EventGrammar(), LogCursor())
        while log.read(
            &cursor,
            { item, payload in
                switch item.body {
                case .event(let event): try! grammar.accept(event)
                case .delta(let block, let kind): try! grammar.accept(.blockDelta(block: block, kind: kind, text: ""))
                }
            })
        {}
    }

    func expectSameChunks() {
        let whole = encoded(GeminiEncoder(framing: .jsonLines), from: 0, through: .max)
        var chunks = whole.split(separator: 0x0A).map { line in
            guard let chunk = try? JSONValue(parsing: Array(line)) else { fatalError("a chunk is no JSON") }
            return chunk
        }
        if !isFinished { expect(chunks.popLast()?["error"] != nil, "no error at the end") }
        // Where a candidate has no finish at the end, the last chunk is ours.
        expect(chunks.count == taken.count || chunks.count == taken.count + 1, "\(chunks.count) of \(taken.count)")
        for (chunk, frame) in zip(chunks, taken) { expect(chunk == frame, "\(frame) became \(chunk)") }
        for end in [frameEnds[frameEnds.count / 2], frameEnds[frameEnds.count / 3]] {
            let first = encoded(GeminiEncoder(framing: .jsonLines), from: 0, through: end)
            let resumed = GeminiEncoder(framing: .jsonLines, resuming: log.fold(through: end))
            let rest = encoded(resumed, from: end, through: .max)
            expect(first + rest == whole, "a cut changed the stream")
        }
    }

    /// That none of them traps, whatever the answer.
    func expectOthersToTell() {
        for dialect in DialectName.allCases {
            _ = encoded(dialect.encoder(for: .init(of: id)), from: 0, through: .max)
            guard var document = dialect.completion() else { continue }
            var cursor = LogCursor()
            while log.read(&cursor, { document.apply($0, $1) }) {}
            expect((try? JSONValue(parsing: document.body())) != nil, "\(dialect): a document that is no JSON")
        }
    }

    private func encoded(_ encoder: any StreamEncoder, from start: UInt64, through end: UInt64) -> [UInt8] {
        var (encoder, cursor, out) = (encoder, LogCursor(after: start), [UInt8]())
        while cursor.next <= end, log.read(&cursor, { encoder.encode($0, $1, into: &out) }) {}
        return out
    }
}
