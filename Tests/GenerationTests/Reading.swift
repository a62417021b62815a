import FreshetGeneration

/// One event as a test compares it: the payload beside the head, as text.
struct Seen: Equatable {
    var first: UInt64
    var last: UInt64
    /// Nil for a delta.
    var event: GenerationEvent?
    var block: Int?
    var bytes: [UInt8]
    var extras: Extras?
    var endsFrame: Bool

    init(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        (first, last, extras, endsFrame) = (item.first, item.last, item.extras, item.endsFrame)
        switch item.body {
        case .delta(let block, _): self.block = block
        case .event(let event): self.event = event
        }
        bytes = payload.withUnsafeBufferPointer { Array($0) }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension GenerationLog {
    /// Everything readers may see after `sequence`.
    func seen(after sequence: UInt64 = 0, merge: Int = 0) -> [Seen] {
        var cursor = LogCursor(after: sequence)
        var seen: [Seen] = []
        while read(&cursor, merge: merge, { seen.append(Seen($0, $1)) }) {}
        return seen
    }

    /// The deltas' texts, each with the numbers it stands for.
    func texts(after sequence: UInt64 = 0, merge: Int = 0) -> [String] {
        seen(after: sequence, merge: merge).map { seen in
            let numbers = seen.first == seen.last ? "\(seen.last)" : "\(seen.first)-\(seen.last)"
            return "\(numbers) \(seen.event == nil ? seen.text : "·")"
        }
    }

    /// A log of one text block whose deltas are `texts`, from event 3 on.
    init(texts: [String]) {
        self.init()
        append(.generationStart(.sample))
        append(.blockStart(BlockStart(block: 0, kind: .text)))
        for text in texts { append(.blockDelta(block: 0, kind: .text, text: text)) }
    }
}

extension GenerationID {
    static let sample = GenerationID(milliseconds: 1_763_650_000_000, random: (7, 42))
}

extension GenerationStart {
    static let sample = GenerationStart(id: .sample, model: "fast", createdMilliseconds: 1_763_650_000_000)
}
