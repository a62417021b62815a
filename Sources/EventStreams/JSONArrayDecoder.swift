/// Splits a streamed JSON array of objects into its elements, each as soon as it is closed.
///
/// ```
/// [{…},\r\n{…}]      the form Gemini sends without alt=sse
/// {…}                one object alone, as errors come, counts as the only element
/// ```
/// Brackets and strings are followed; whether an element is valid JSON beyond that is for its parser to say.
/// Cost: linear in the bytes received; each is looked at once; no allocation once the buffer has grown.
public struct JSONArrayDecoder: Sendable {
    private enum Position {
        /// Before the array.
        case start
        /// Behind `[`: an element or `]`.
        case opened
        /// Behind a comma: an element.
        case comma
        case element(ObjectScanner)
        /// Behind an element: a comma or `]`.
        case closed
        /// Behind the array or the lone object.
        case end
    }

    /// What the ranges given by `next` index into.
    public private(set) var bytes: [UInt8] = []
    /// Whether the array was closed, or a lone object was. False at the end of input means that the array was cut;
    /// the elements given until then are whole all the same.
    public var isComplete: Bool { if case .end = position { true } else { false } }

    private let limits: JSONArrayLimits
    private var position = Position.start
    private var isArray = false
    /// First byte of the open element, else first unread byte.
    private var head = 0
    /// First byte not looked at.
    private var scanned = 0
    private var isFinished = false
    private var failure: JSONArrayError?

    /// A decoder at the start of a body.
    public init(limits: JSONArrayLimits = .init()) {
        precondition((1...128).contains(limits.depth), "brackets are kept in 128 bits")
        self.limits = limits
    }

    /// Takes the next bytes. Ignored once the decoder has failed; a fault of the caller after `finish`.
    public mutating func receive(_ chunk: Span<UInt8>) {
        precondition(!isFinished, "no bytes come after the end of input")
        guard failure == nil else { return }
        let dropped = bytes.dropFront(head)
        (head, scanned) = (head - dropped, scanned - dropped)
        bytes.append(chunk)
    }

    /// Says that no bytes follow. An element that is still open is never given; see `isComplete`.
    public mutating func finish() { isFinished = true }

    /// Where the next element stands in `bytes`, valid until the next call; nil when no element is closed.
    public mutating func next() throws(JSONArrayError) -> Range<Int>? {
        if let failure { throw failure }
        do {
            return try scan()
        } catch {
            failure = error
            bytes = []
            throw error
        }
    }

    private mutating func scan() throws(JSONArrayError) -> Range<Int>? {
        while scanned < bytes.count {
            if case .element(var object) = position {
                if let element = try scanElement(&object) { return element }
            } else {
                try step(over: bytes[scanned])
            }
        }
        return nil
    }

    private mutating func scanElement(_ object: inout ObjectScanner) throws(JSONArrayError) -> Range<Int>? {
        // No further than the limit, so that where it is passed does not depend on the chunks.
        let reach = head + min(bytes.count - head, limits.elementBytes)
        if let end = try object.scan(bytes.span, in: scanned..<reach, depthLimit: limits.depth) {
            defer { (head, scanned) = (end, end) }
            position = isArray ? .closed : .end
            return head..<end
        }
        guard bytes.count == reach else { throw .elementTooLong(limit: limits.elementBytes) }
        position = .element(object)
        scanned = reach
        return nil
    }

    private mutating func step(over byte: UInt8) throws(JSONArrayError) {
        switch (position, byte) {
        case (_, _) where byte.isJSONWhiteSpace: break
        case (.start, UInt8(ascii: "[")): (position, isArray) = (.opened, true)
        case (.start, UInt8(ascii: "{")), (.opened, UInt8(ascii: "{")), (.comma, UInt8(ascii: "{")):
            // The scanner reads the brace itself.
            (head, position) = (scanned, .element(ObjectScanner()))
            return
        case (.closed, UInt8(ascii: ",")): position = .comma
        case (.opened, UInt8(ascii: "]")), (.closed, UInt8(ascii: "]")): position = .end
        default: throw .unexpected(byte)
        }
        scanned += 1
        head = scanned
    }
}
