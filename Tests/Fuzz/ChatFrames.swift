import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// Every line is one frame of a provider. Whatever it says, our events keep their grammar, and what our encoders write
/// of them is JSON that can be read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let id = GenerationID(milliseconds: 1_763_650_000_000, random: (1, 2))
    var log = GenerationLog()
    log.append(.generationStart(GenerationStart(id: id, model: "fuzz", createdMilliseconds: 1_763_650_000_000)))
    var decoder = OpenAIChatDecoder(route: "fuzz/fuzz", generation: id)
    for line in FuzzInput(start, count).bytes.split(separator: 0x0A) {
        let before = log.lastSequence
        do {
            _ = try decoder.decode(line.span, into: &log)
        } catch {
            expect(log.lastSequence == before, "a frame that was refused left events")
        }
    }
    decoder.closeBlocks(in: &log)
    log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: .stop)))
    expectGrammar(log)
    expectReadable(log, NativeEncoder(generation: id, framing: .jsonLines))
    expectReadable(log, SimpleEncoder(generation: id, framing: .jsonLines))
    expectReadable(log, OpenAIChatEncoder(framing: .jsonLines, includesUsage: true))
    return 0
}

private func expectGrammar(_ log: GenerationLog) {
    var (grammar, cursor) = (EventGrammar(), LogCursor())
    while log.read(
        &cursor,
        { item, payload in
            switch item.body {
            case .event(let event): try! grammar.accept(event)
            case .delta(let block, let kind):
                let text = payload.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
                try! grammar.accept(.blockDelta(block: block, kind: kind, text: text))
            }
        })
    {}
}

private func expectReadable(_ log: GenerationLog, _ encoder: some StreamEncoder) {
    var (encoder, cursor, out) = (encoder, LogCursor(), [UInt8]())
    while log.read(&cursor, { item, payload in encoder.encode(item, payload, into: &out) }) {}
    for line in out.split(separator: 0x0A) {
        expect((try? JSONValue(parsing: Array(line))) != nil, "a line that is not JSON was sent")
    }
}
