import FreshetGeneration

/// The events of one frame while it is gathered.
struct GeminiFrame {
    enum Step {
        case delta(block: Int, Range<Int>)
        case event(GenerationEvent)
    }

    private(set) var steps: [Step] = []
    /// The deltas' text, one after the other; what was held back of others is put behind.
    var text: [UInt8] = []

    var isEmpty: Bool { steps.isEmpty }

    mutating func add(delta block: Int, _ payload: Span<UInt8>) {
        let start = text.count
        payload.withUnsafeBufferPointer { text.append(contentsOf: $0) }
        steps.append(.delta(block: block, start..<text.count))
    }

    mutating func add(_ event: GenerationEvent) { steps.append(.event(event)) }

    mutating func clear() {
        steps.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
    }
}

/// One part of a chunk that is ours to write.
enum GeminiPart {
    /// Text, or a thought: where it lies in the frame's text.
    case text(Range<Int>, isThought: Bool, Signature?)
    /// A call whose arguments are whole: its block.
    case call(Int, Signature?)
    /// A signature that no part follows.
    case signature(Signature)
    case file(GeneratedFile)
}
