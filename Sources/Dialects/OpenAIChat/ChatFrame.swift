import FreshetGeneration
import FreshetPartialJSON

/// The events of one frame while it is gathered.
struct ChatFrame {
    enum Part {
        /// A choice whose role is due, unless the provider's own frames bring it.
        case role(choice: Int)
        /// What has no place of its own.
        case asides
        /// Carries only the frame's own members.
        case carrier
        case delta(block: Int, Range<Int>)
        case toolStart(BlockStart)
        case finish(choice: Int, FinishReason)
    }

    private(set) var parts: [Part] = []
    /// The deltas' text, one after the other.
    private(set) var text: [UInt8] = []

    var isEmpty: Bool { parts.isEmpty }

    /// Whether the first attempt is in it.
    private(set) var hasAttempt = false
    /// Whether a report of usage is in it.
    private(set) var hasUsage = false

    /// The block, when the frame is one delta and nothing else.
    var onlyDelta: Int? {
        guard parts.count == 1, case .delta(let block, _) = parts[0] else { return nil }
        return block
    }

    mutating func add(delta block: Int, _ payload: Span<UInt8>) {
        let start = text.count
        payload.withUnsafeBufferPointer { text.append(contentsOf: $0) }
        parts.append(.delta(block: block, start..<text.count))
    }

    mutating func addAttempt() {
        hasAttempt = true
        addRole(of: 0)
    }
    mutating func addUsage() { hasUsage = true }
    mutating func addRole(of choice: Int) { parts.append(.role(choice: choice)) }
    mutating func addAsides() { parts.append(.asides) }
    mutating func addCarrier() { parts.append(.carrier) }
    mutating func add(toolStart start: BlockStart) { parts.append(.toolStart(start)) }
    mutating func add(finish choice: Int, _ reason: FinishReason) { parts.append(.finish(choice: choice, reason)) }

    /// Takes the finishes out of the frame.
    mutating func takeFinishes() -> [(choice: Int, reason: FinishReason)] {
        var finishes: [(choice: Int, reason: FinishReason)] = []
        for case .finish(let choice, let reason) in parts { finishes.append((choice, reason)) }
        if !finishes.isEmpty { parts.removeAll { if case .finish = $0 { true } else { false } } }
        return finishes
    }

    mutating func clear() {
        parts.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        (hasAttempt, hasUsage) = (false, false)
    }
}
