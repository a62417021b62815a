/// Finds the bytes of one message's body in the input, without copying any.
struct BodyReader: Sendable {
    private enum Framing: Sendable {
        case length(UInt64)
        case chunked
        case untilClose
    }

    enum Step: Equatable {
        case bytes(Range<Int>)
        case end
    }

    private var framing = Framing.length(0)
    private var chunks = ChunkedBody()

    static let none = BodyReader()
    static let untilClose = BodyReader(framing: .untilClose)
    static let chunked = BodyReader(framing: .chunked)
    static func length(_ count: UInt64) -> BodyReader { BodyReader(framing: .length(count)) }

    var endsWithConnection: Bool { if case .untilClose = framing { true } else { false } }

    /// - Returns: The next bytes or the end; nil when the input is used up before.
    mutating func next(
        _ input: Span<UInt8>, from position: inout Int, limits: HTTPLimits
    ) throws(HTTPError) -> Step? {
        let available = input.count &- position
        switch framing {
        case .length(0):
            return .end
        case .length(let missing):
            guard available > 0 else { return nil }
            let count = missing < UInt64(available) ? Int(missing) : available
            framing = .length(missing &- UInt64(count))
            position &+= count
            return .bytes(position &- count..<position)
        case .chunked:
            return try chunks.next(input, from: &position, limits: limits)
        case .untilClose:
            guard available > 0 else { return nil }
            position = input.count
            return .bytes(position &- available..<position)
        }
    }
}
