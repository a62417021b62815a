import FreshetDialects
import FreshetEventStreams
import FreshetGeneration
import FreshetPartialJSON

/// Every line is one frame of a provider; what each client dialect makes of the answer keeps that dialect's grammar,
/// says what the log says, and goes on behind any frame as if it had never been cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    let answer = Answer(input)
    let events = answer.events()
    for (framing, isAsked) in [(Framing.eventStream, true), (.jsonLines, false)] {
        expectChat(answer, framing, asksUsage: isAsked)
        expectSimple(answer, framing, isNamed: isAsked)
        expectNative(answer, framing, events)
    }
    expectWhole(answer)
    return 0
}

/// What a provider's frames left in the log.
private struct Answer {
    let id = GenerationID(milliseconds: 1_763_650_000_000, random: (1, 2))
    private(set) var log = GenerationLog()
    /// The events at which a frame ends: where a Chat reader may be cut off.
    private(set) var frameEnds: [UInt64] = [1]
    let fails: Bool
    private let cutSeed: Int

    init(_ input: FuzzInput) {
        cutSeed = input.bytes.reduce(1) { $0 &* 31 &+ Int($1) } & 0xFFFF
        fails = (input.bytes.last ?? 0) % 4 == 0
        log.append(.generationStart(GenerationStart(id: id, model: "fuzz", createdMilliseconds: 1_763_650_000_000)))
        var decoder = OpenAIChatDecoder(route: "fuzz/fuzz", generation: id, choices: 1 + input.bytes.count % 3)
        frames: for line in input.bytes.split(separator: 0x0A) {
            let decoded = try? decoder.decode(line.span, into: &log)
            expect(decoded != nil || log.lastSequence == frameEnds.last ?? 0, "a frame that was refused left events")
            frameEnds.append(log.lastSequence)
            if decoded?.isDone == true { break frames }
        }
        if fails {
            let failure = GenerationFailure(code: .providerTruncated, message: "the end", isRetryable: true)
            log.append(.generationEnd(GenerationEnd(outcome: .failed, usage: log.fold().usage, failure: failure)))
        } else {
            decoder.closeBlocks(in: &log)
            frameEnds.append(log.lastSequence)
            let fold = log.fold()
            let reason = fold.finishes.first { $0.choice == 0 }?.reason
            log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: reason, usage: fold.usage)))
        }
    }

    /// All events, each delta by itself.
    func events() -> [GenerationEvent] {
        var (events, cursor, grammar) = ([GenerationEvent](), LogCursor(), EventGrammar())
        while log.read(
            &cursor,
            { item, payload in
                switch item.body {
                case .event(let event): events.append(event)
                case .delta(let block, let kind):
                    events.append(.blockDelta(block: block, kind: kind, text: text(payload)))
                }
                try! grammar.accept(events[events.count - 1])
            })
        {}
        var merged = GenerationFold()
        cursor = LogCursor()
        while log.read(&cursor, merge: 1 << 20, { merged.apply($0, $1) }) {}
        expect(merged == log.fold(), "merging changed the fold")
        return events
    }

    /// The stream whole, and cut at two places with the rest by an encoder made from the fold.
    func written(
        everywhere: Bool, by encoder: (GenerationFold?) -> any StreamEncoder
    ) -> (whole: [UInt8], cuts: [[UInt8]]) {
        let places = everywhere ? Array(0..<log.lastSequence) : frameEnds.filter { $0 < log.lastSequence }
        let whole = encoded(encoder(nil), from: 0, through: .max)
        let cuts = [cutSeed % places.count, cutSeed * 7 % places.count].map { index in
            encoded(encoder(nil), from: 0, through: places[index])
                + encoded(encoder(log.fold(through: places[index])), from: places[index], through: .max)
        }
        return (whole, cuts)
    }

    private func encoded(_ encoder: any StreamEncoder, from start: UInt64, through end: UInt64) -> [UInt8] {
        var (encoder, cursor, out) = (encoder, LogCursor(after: start), [UInt8]())
        while cursor.next <= end, log.read(&cursor, { encoder.encode($0, $1, into: &out) }) {}
        return out
    }
}

private func text(_ payload: Span<UInt8>) -> String {
    var quoted: [UInt8] = []
    quoted.appendJSON(string: payload)
    return (try? JSONValue(parsing: quoted))?.stringValue ?? ""
}

/// The data of each frame; event streams are read by our own decoder, which the other fuzzers judge.
private func frames(_ bytes: [UInt8], _ framing: Framing) -> [[UInt8]] {
    guard framing == .eventStream else { return bytes.split(separator: 0x0A).map(Array.init) }
    var (decoder, frames) = (EventStreamDecoder(), [[UInt8]]())
    decoder.receive(bytes.span)
    while let item = try! decoder.next() {
        if case .event(_, let data) = item { frames.append(Array(decoder.bytes[data])) }
    }
    return frames
}

private func object(_ frame: [UInt8]) -> JSONValue {
    guard let value = try? JSONValue(parsing: frame), value.objectValue != nil else {
        fatalError("a frame is no JSON object: \(String(decoding: frame, as: UTF8.self))")
    }
    return value
}

// MARK: Native

private func expectNative(_ answer: Answer, _ framing: Framing, _ events: [GenerationEvent]) {
    let (whole, cuts) = answer.written(everywhere: true) { _ in NativeEncoder(generation: answer.id, framing: framing) }
    expect(cuts.allSatisfy { $0 == whole }, "native: a cut changed the stream")
    let read = frames(whole, framing).map { frame in
        guard let event = try? NativeEvent(parsing: frame.span) else { fatalError("native: unreadable") }
        return event
    }
    expect(read.map(\.sequence) == Array(1...answer.log.lastSequence), "native: a gap")
    expect(read.map(\.event) == events, "native: \(read) is not \(events)")
}

// MARK: Simple

private func expectSimple(_ answer: Answer, _ framing: Framing, isNamed: Bool) {
    let (whole, cuts) = answer.written(everywhere: true) { fold in
        fold.map { SimpleEncoder(generation: answer.id, framing: framing, isNamed: isNamed, resuming: $0) }
            ?? SimpleEncoder(generation: answer.id, framing: framing, isNamed: isNamed)
    }
    expect(cuts.allSatisfy { $0 == whole }, "simple: a cut changed the stream")
    let types = frames(whole, framing).map { object($0)["type"]?.stringValue ?? "" }
    let known: Set = ["text", "thinking", "tool_call", "tool_result", "progress", "error", "done"]
    expect(known.isSuperset(of: types), "simple: an unknown type in \(types)")
    let ends = types.filter { $0 == "done" || $0 == "error" }
    expect(ends == [answer.fails ? "error" : "done"] && types.last == ends[0], "simple: one end, last: \(types)")
}

// MARK: Chat

private func expectChat(_ answer: Answer, _ framing: Framing, asksUsage: Bool) {
    let (whole, cuts) = answer.written(everywhere: false) { fold in
        fold.map { OpenAIChatEncoder(framing: framing, includesUsage: asksUsage, resuming: $0) }
            ?? OpenAIChatEncoder(framing: framing, includesUsage: asksUsage)
    }
    var chat = ChatGrammar(asksUsage: asksUsage)
    for frame in frames(whole, framing) { chat.take(frame) }
    chat.finish(fails: answer.fails, framing)
    for cut in cuts {
        var resumed = ChatGrammar(asksUsage: asksUsage)
        for frame in frames(cut, framing) { resumed.take(frame) }
        expect(resumed == chat, "chat: a cut changed the answer: \(resumed), not \(chat)")
    }
    let fold = answer.log.fold()
    for choice in chat.texts.keys {
        let said = fold.blocks.filter { $0.start.kind == .text && $0.start.choice == choice }.map(\.text).joined()
        // Halves of a character are replaced one by one in the chunks, and together in the fold.
        if !said.unicodeScalars.contains("\u{FFFD}"), !(chat.texts[choice] ?? "").unicodeScalars.contains("\u{FFFD}") {
            expect(chat.texts[choice] == said, "chat: \(chat.texts[choice] ?? "") is not \(said)")
        }
    }
}

/// What a Chat client's accumulator relies on.
private struct ChatGrammar: Equatable {
    let asksUsage: Bool
    private(set) var texts: [Int: String] = [:]
    private var calls: [Int: Int] = [:]
    private var roles: Set<Int> = []
    private var hasError = false
    private var isDone = false

    init(asksUsage: Bool) { self.asksUsage = asksUsage }

    mutating func take(_ frame: [UInt8]) {
        expect(!isDone && !hasError, "chat: something follows the end")
        if frame.elementsEqual("[DONE]".utf8) {
            isDone = true
            return
        }
        let chunk = object(frame)
        if chunk["error"] != nil {
            hasError = true
            return
        }
        guard let choices = chunk["choices"]?.arrayValue else { fatalError("chat: a chunk without choices") }
        expect(asksUsage || chunk["usage"] == nil, "chat: usage that nobody asked for")
        for choice in choices { take(choice) }
    }

    private mutating func take(_ choice: JSONValue) {
        guard let index = choice["index"]?.intValue, let delta = choice["delta"], delta.objectValue != nil else {
            fatalError("chat: a choice without index or delta")
        }
        // A provider of this dialect that names no role is relayed as it is.
        if delta["role"] != nil { expect(roles.insert(index).inserted, "chat: a role twice") }
        if let content = delta["content"]?.stringValue { texts[index, default: ""] += content }
        for call in delta["tool_calls"]?.arrayValue ?? [] {
            guard let number = call["index"]?.intValue else { fatalError("chat: a call without index") }
            let isNew = number == calls[index, default: 0]
            expect(isNew || (0..<calls[index, default: 0]).contains(number), "chat: the calls' indexes do not rise")
            expect((call["id"] != nil) == isNew, "chat: the id of a call comes once, first")
            expect((call["function"]?["name"] != nil) == isNew, "chat: the name of a call comes once, first")
            if isNew { calls[index, default: 0] += 1 }
        }
    }

    func finish(fails: Bool, _ framing: Framing) {
        expect(hasError == fails, "chat: an error exactly where it failed")
        expect(isDone == (!fails && framing == .eventStream), "chat: [DONE] after success alone")
    }
}

/// The answer in one piece.
private func expectWhole(_ answer: Answer) {
    var (completion, cursor) = (OpenAIChatCompletion(), LogCursor())
    while answer.log.read(&cursor, { completion.apply($0, $1) }) {}
    let body = object(completion.body())
    expect(body["choices"]?.arrayValue?.isEmpty == false, "whole: no choices")
    for choice in body["choices"]?.arrayValue ?? [] {
        expect(choice["message"]?["role"]?.stringValue == "assistant", "whole: a choice without its message")
        expect(choice["finish_reason"]?.stringValue != nil, "whole: a choice without its reason")
    }
}
