import FreshetGeneration
import FreshetPartialJSON

/// Reading values: what is null counts as not there, what has another form than the dialect's breaks the chunk.
extension GeminiChunk {
    mutating func next(_ text: Span<UInt8>) throws(FrameError) -> JSONToken {
        do { return try json.next(in: text) } catch { throw .notJSON }
    }

    mutating func skip(_ text: Span<UInt8>) throws(FrameError) -> Range<Int> {
        do { return try json.skipValue(in: text) } catch { throw .notJSON }
    }

    mutating func pass(_ text: Span<UInt8>) throws(FrameError) { _ = try skip(text) }

    /// A value that says something.
    mutating func telling(_ text: Span<UInt8>) throws(FrameError) -> Range<Int>? {
        let range = try skip(text)
        return text.isEmptyValue(at: range) ? nil : range
    }

    mutating func string(_ text: Span<UInt8>) throws(FrameError) -> JSONStringToken? {
        switch try next(text) {
        case .string(let token): return token
        case .null: return nil
        default: throw .unexpectedForm
        }
    }

    mutating func bool(_ text: Span<UInt8>) throws(FrameError) -> Bool {
        switch try next(text) {
        case .bool(let bool): return bool
        case .null: return false
        default: throw .unexpectedForm
        }
    }

    mutating func object(_ text: Span<UInt8>) throws(FrameError) -> Range<Int>? {
        let range = try skip(text)
        if text[range.lowerBound] == UInt8(ascii: "n") { return nil }
        guard text[range.lowerBound] == UInt8(ascii: "{") else { throw .unexpectedForm }
        return range
    }

    mutating func number(_ text: Span<UInt8>) throws(FrameError) -> Int? {
        switch try next(text) {
        case .number(let range):
            guard let value = text.wholeNumber(at: range), (0..<1 << 16).contains(value) else {
                throw .unexpectedForm
            }
            return Int(value)
        case .null: return nil
        default: throw .unexpectedForm
        }
    }

    /// Calls `member` in front of each value of an object.
    ///
    /// - Returns: Whether there is one; false for null.
    @discardableResult
    mutating func eachMember(
        _ text: Span<UInt8>, _ member: (inout GeminiChunk, JSONStringToken) throws(FrameError) -> Void
    ) throws(FrameError) -> Bool {
        switch try next(text) {
        case .objectStart: break
        case .null: return false
        default: throw .unexpectedForm
        }
        while case .key(let name) = try next(text) { try member(&self, name) }
        return true
    }

    /// Calls `element` behind the opening brace of each object of an array; null is an empty array.
    mutating func eachElement(
        _ text: Span<UInt8>, _ element: (inout GeminiChunk) throws(FrameError) -> Void
    ) throws(FrameError) {
        switch try next(text) {
        case .arrayStart: break
        case .null: return
        default: throw .unexpectedForm
        }
        while true {
            switch try next(text) {
            case .objectStart: try element(&self)
            case .arrayEnd: return
            case .null: break
            default: throw .unexpectedForm
            }
        }
    }
}
