/// Gathers a JSON object that stands bare among the events of a stream, over as many lines as it takes: so Google's
/// servers report an error in the middle of an answer.
public struct StrayJSON: Sendable {
    /// What a line came to.
    public enum Found: Equatable, Sendable {
        case nothing
        /// An object closed: where it stands in `bytes`, valid until the next line.
        case object(Range<Int>)
        /// It was begun and is none, or longer than `limit`.
        case broken
    }

    private static let limit = 64 << 10

    private var object: JSONArrayDecoder?
    /// What the ranges given by `take` index into.
    public private(set) var bytes: [UInt8] = []

    /// Nothing begun.
    public init() {}

    /// Takes the next line that is none of an event. O(bytes).
    public mutating func take(_ line: Span<UInt8>) -> Found {
        var object: JSONArrayDecoder
        let isBegun = self.object != nil
        if let begun = self.object {
            object = begun
        } else {
            guard let first = Self.first(line), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
                return .nothing
            }
            var limits = JSONArrayLimits()
            limits.elementBytes = Self.limit
            object = JSONArrayDecoder(limits: limits)
        }
        self.object = nil
        object.receive(line)
        let end: [UInt8] = [0x0A]
        object.receive(end.span)
        do {
            guard let range = try object.next() else {
                self.object = object
                return .nothing
            }
            bytes = object.bytes
            return .object(range)
        } catch {
            // A list, or a word in brackets, is nothing that was meant to be read.
            return isBegun || Self.first(line) == UInt8(ascii: "{") ? .broken : .nothing
        }
    }

    /// Says that an event or the end came.
    ///
    /// - Returns: Whether an object was begun that is not closed.
    public mutating func cut() -> Bool {
        guard object != nil else { return false }
        object = nil
        return true
    }

    private static func first(_ line: Span<UInt8>) -> UInt8? {
        for place in line.indices where line[place] != 0x20 && line[place] != 0x09 { return line[place] }
        return nil
    }
}
