import FreshetDialects
import FreshetGeneration

/// One event as a test compares it: the payload beside the head.
struct Seen: Equatable {
    var first: UInt64
    var last: UInt64
    /// Nil for a delta.
    var event: GenerationEvent?
    var delta: Delta?
    var extras: Extras?
    var endsFrame: Bool

    struct Delta: Equatable {
        var block: Int
        var kind: BlockKind
        var bytes: [UInt8]
    }

    init(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        (first, last, extras, endsFrame) = (item.first, item.last, item.extras, item.endsFrame)
        switch item.body {
        case .delta(let block, let kind):
            delta = Delta(block: block, kind: kind, bytes: payload.withUnsafeBufferPointer { Array($0) })
        case .event(let event): self.event = event
        }
    }

    /// As the grammar takes it.
    var value: GenerationEvent? {
        event
            ?? delta.map {
                .blockDelta(block: $0.block, kind: $0.kind, text: String(decoding: $0.bytes, as: UTF8.self))
            }
    }
}

extension GenerationLog {
    /// Everything readers may see after `sequence`.
    func seen(after sequence: UInt64 = 0, merge: Int = 0) -> [Seen] {
        var cursor = LogCursor(after: sequence)
        var seen: [Seen] = []
        while read(&cursor, merge: merge, { seen.append(Seen($0, $1)) }) {}
        return seen
    }

    /// What `encoder` makes of the events after `sequence`; with `ending`, as though a frame ended with the last.
    func encoded(
        by encoder: some StreamEncoder, after sequence: UInt64 = 0, through last: UInt64 = .max, merge: Int = 0,
        ending: Bool = false
    ) -> String {
        var encoder = encoder
        var cursor = LogCursor(after: sequence)
        var out: [UInt8] = []
        while cursor.next <= last,
            read(
                &cursor, merge: merge,
                { item, payload in
                    var item = item
                    if ending, item.last == last { item.endsFrame = true }
                    encoder.encode(item, payload, into: &out)
                })
        {}
        return String(decoding: out, as: UTF8.self)
    }

    /// Checks all events by the grammar.
    func checkGrammar() throws {
        var grammar = EventGrammar()
        for seen in seen() { if let event = seen.value { try grammar.accept(event) } }
    }
}

extension GenerationID {
    static let sample = GenerationID(milliseconds: 1_763_650_000_000, random: (7, 42))
}

extension GenerationStart {
    static let sample = GenerationStart(id: .sample, model: "fast", createdMilliseconds: 1_763_650_000_000)
}
