/// A reader's place in one generation, `gen_…:seq` or `gen_…:seq.part`: everything up to and including it has been
/// delivered.
public struct EventCursor: Hashable, Sendable {
    /// The generation read from; a cursor means nothing in another.
    public let generation: GenerationID
    /// Number of the last event delivered; 0 is before the first.
    public let sequence: UInt64
    /// Frames of that event already delivered when one event makes several; nil for all of them.
    public let part: Int?

    /// A place that is known; one that a peer names is read with `init(_:)`.
    public init(generation: GenerationID, sequence: UInt64, part: Int? = nil) {
        (self.generation, self.sequence, self.part) = (generation, sequence, part)
    }

    /// Reads the wire form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, let generation = GenerationID(halves[0]) else { return nil }
        let numbers = halves[1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let sequence = Self.digits(numbers[0]) else { return nil }
        var part: Int?
        if numbers.count == 2 {
            // Before the first event nothing was delivered, and no frame of it.
            guard sequence > 0, let number = Self.digits(numbers[1]), number < 1 << 16 else { return nil }
            part = Int(number)
        }
        self.init(generation: generation, sequence: sequence, part: part)
    }

    // `UInt64("+5")` succeeds; a cursor is ASCII digits only.
    private static func digits(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }
}
