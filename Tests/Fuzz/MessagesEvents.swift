import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// Every line is one event of a Messages provider. What it leaves in the log keeps the log's grammar; what clients of the
/// same and of another dialect are told keeps theirs, and goes on behind any event as if it had never been cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let answer = Answer(FuzzInput(start, count))
    answer.checkGrammar()
    answer.expectStream()
    answer.expectChat()
    answer.expectWhole()
    return 0
}

/// What a provider's events left in the log.
private struct Answer {
    let id = GenerationID(milliseconds: 1_763_650_000_000, random: (1, 2))
    private(set) var log = GenerationLog()
    let fails: Bool
    private let cutSeed: Int

    init(_ input: FuzzInput) {
        cutSeed = input.bytes.reduce(1) { $0 &* 31 &+ Int($1) } & 0xFFFF
        fails = (input.bytes.last ?? 0) % 4 == 0
        log.append(.generationStart(GenerationStart(id: id, model: "fuzz", createdMilliseconds: 1_763_650_000_000)))
        var decoder = ProviderDialect.anthropic.decoder(of: .init(route: "fuzz/fuzz", generation: id))
        for line in input.bytes.split(separator: 0x0A) {
            let before = log.lastSequence
            let decoded = try? decoder.decode(line.span, into: &log)
            expect(decoded != nil || log.lastSequence == before, "an event that was refused left something")
            if decoded?.isDone == true || decoded?.failure != nil { break }
        }
        let fold = log.fold()
        if fails {
            let failure = GenerationFailure(code: .providerTruncated, message: "the end", isRetryable: true)
            log.append(.generationEnd(GenerationEnd(outcome: .failed, usage: fold.usage, failure: failure)))
        } else {
            decoder.closeBlocks(in: &log)
            let end = GenerationEnd(
                outcome: .finished, finishReason: fold.finishes.first?.reason, usage: fold.usage)
            log.append(.generationEnd(end))
        }
    }

    func checkGrammar() {
        var (grammar, cursor) = (EventGrammar(), LogCursor())
        while log.read(
            &cursor,
            { item, _ in
                switch item.body {
                case .event(let event): try! grammar.accept(event)
                case .delta(let block, let kind): try! grammar.accept(.blockDelta(block: block, kind: kind, text: ""))
                }
            })
        {}
        var merged = GenerationFold()
        cursor = LogCursor()
        while log.read(&cursor, merge: 1 << 20, { merged.apply($0, $1) }) {}
        expect(merged == log.fold(), "merging changed the fold")
    }

    /// Whether a block began, or something arrived between blocks, while another was open.
    private var overlaps: Bool {
        var (cursor, open, overlaps) = (LogCursor(), 0, false)
        while log.read(
            &cursor,
            { item, _ in
                guard case .event(let event) = item.body else { return }
                switch event {
                case .blockStart:
                    overlaps = overlaps || open > 0
                    open += 1
                case .blockEnd: open -= 1
                case .toolOutput, .foreign(_, "content_block", _): overlaps = overlaps || open > 0
                default: break
                }
            })
        {}
        return overlaps
    }

    private func encoded(
        _ encoder: any StreamEncoder, from start: UInt64 = 0, through end: UInt64 = .max, merge: Int = 0
    ) -> [UInt8] {
        var (encoder, cursor, out) = (encoder, LogCursor(after: start), [UInt8]())
        while cursor.next <= end, log.read(&cursor, merge: merge, { encoder.encode($0, $1, into: &out) }) {}
        return out
    }

    /// The stream whole, merged, and cut at two events with the rest by an encoder made from the fold.
    func expectStream() {
        let lines = Framing.jsonLines
        let whole = Stream(encoded(AnthropicEncoder(framing: lines)), fails)
        expect(Stream(encoded(AnthropicEncoder(framing: lines), merge: 1 << 20), fails).said == whole.said, "merged")
        for place in [cutSeed, cutSeed * 7].map({ UInt64($0) % log.lastSequence }) {
            let rest = AnthropicEncoder(framing: lines, resuming: log.fold(through: place))
            let cut = encoded(AnthropicEncoder(framing: lines), through: place) + encoded(rest, from: place)
            // A fold keeps no raw members of blocks that wait for another's end: those begin in our own words then.
            expect(Stream(cut, fails).said == whole.said || overlaps, "cut behind \(place)")
        }
    }

    func expectChat() {
        for frame in encoded(OpenAIChatEncoder(framing: .jsonLines)).split(separator: 0x0A) {
            let chunk = object(Array(frame))
            expect(chunk["error"] != nil || chunk["choices"]?.arrayValue != nil, "chat: a chunk without choices")
        }
    }

    func expectWhole() {
        var (completion, cursor) = (AnthropicCompletion(), LogCursor())
        while log.read(&cursor, { completion.apply($0, $1) }) {}
        let body = object(completion.body())
        expect(body["role"]?.stringValue != nil && body["usage"]?.objectValue != nil, "whole: no message")
        expect(body["content"]?.arrayValue?.allSatisfy { $0.objectValue != nil } == true, "whole: no content")
    }
}

private func object(_ frame: [UInt8]) -> JSONValue {
    guard let value = try? JSONValue(parsing: frame), value.objectValue != nil else {
        fatalError("a frame is no JSON object: \(String(decoding: frame, as: UTF8.self))")
    }
    return value
}

/// What the vendor's accumulator relies on.
private struct Stream {
    /// Starts, texts and reasons, the pieces of each block's text joined.
    private(set) var said: [String] = []
    private var open: Int?
    private var next = 0
    private var isDone = false

    init(_ lines: [UInt8], _ fails: Bool) {
        var hasError = false
        for line in lines.split(separator: 0x0A) {
            let event = object(Array(line))
            let type = event["type"]?.stringValue ?? ""
            expect(!isDone && !hasError, "something follows the end")
            expect(said.isEmpty == (type == "message_start") || type == "error", "one message_start, first")
            if type == "error" { hasError = true } else { take(type, event) }
        }
        expect(hasError == fails, "an error exactly where it failed")
        expect(isDone != fails, "message_stop after success alone")
    }

    private mutating func take(_ type: String, _ event: JSONValue) {
        let index = event["index"]?.intValue
        switch type {
        case "content_block_start":
            expect(open == nil && index == next, "blocks one after the other, their indexes rising")
            (open, next) = (index, next + 1)
            said.append("\(event["content_block"] ?? .null)")
        case "content_block_delta":
            expect(open != nil && open == index, "deltas belong to the open block")
            let delta = event["delta"]
            let text = (delta?["text"] ?? delta?["thinking"] ?? delta?["partial_json"])?.stringValue
            said[said.count - 1] += text ?? "\(delta ?? .null)"
        case "content_block_stop":
            expect(open != nil && open == index, "the open block is ended")
            open = nil
            said.append("")
        case "message_delta":
            expect(open == nil, "all blocks have ended before message_delta")
            said.append("\(event["delta"]?["stop_reason"] ?? .null)")
        case "message_stop": isDone = true
        default: said.append(type)
        }
    }
}
