import FreshetPartialJSON

/// Where the parts of one Anthropic event lie in its JSON, found without changing anything, so that an event which turns
/// out broken leaves no trace. Its arrays are reused from event to event.
struct AnthropicFrame {
    /// One member of an object.
    struct Member {
        var name: JSONStringToken
        /// The value, without the blanks around it.
        var value: Range<Int>
        /// Name and value.
        var range: Range<Int> { name.range.lowerBound - 1..<value.upperBound }
    }

    /// What the event is, by its `type`.
    enum Kind {
        case messageStart, blockStart, blockDelta, blockStop, messageDelta, messageStop, ping, error
        /// The whole answer of a provider that does not stream.
        case message
        case other
    }

    private(set) var kind = Kind.other
    private(set) var type: JSONStringToken?
    /// The event's own members.
    private(set) var members: [Member] = []
    /// Those of the object that it brings along: `message`, `content_block` or `delta`.
    private(set) var inner: [Member] = []
    /// Where that object lies.
    private(set) var object: Range<Int>?
    let limits: JSONLimits

    init(limits: JSONLimits = .init()) { self.limits = limits }

    /// Reads one event's JSON.
    mutating func scan(_ text: Span<UInt8>) throws(FrameError) {
        (type, object) = (nil, nil)
        inner.removeAll(keepingCapacity: true)
        try read(0..<text.count, of: text, into: &members)
        type = Self.string("type", in: members, text)
        kind = try kind(text)
        let name: StaticString
        switch kind {
        case .messageStart: name = "message"
        case .blockStart: name = "content_block"
        case .blockDelta, .messageDelta: name = "delta"
        case .blockStop, .messageStop, .ping, .error, .message, .other: return
        }
        guard let range = Self.value(name, in: members, text), text[range.lowerBound] == 0x7B else {
            // A report of usage alone may come without.
            if kind == .messageDelta { return }
            throw .unexpectedForm
        }
        object = range
        try read(range, of: text, into: &inner)
    }

    private func kind(_ text: Span<UInt8>) throws(FrameError) -> Kind {
        guard let type else {
            // Gateways report errors of their own in the shortest form.
            guard let error = Self.value("error", in: members, text), text[error.lowerBound] != 0x6E else {
                throw .unexpectedForm
            }
            return .error
        }
        return if type.equals("content_block_delta", in: text) {
            .blockDelta
        } else if type.equals("content_block_start", in: text) {
            .blockStart
        } else if type.equals("content_block_stop", in: text) {
            .blockStop
        } else if type.equals("ping", in: text) {
            .ping
        } else if type.equals("message_start", in: text) {
            .messageStart
        } else if type.equals("message_delta", in: text) {
            .messageDelta
        } else if type.equals("message_stop", in: text) {
            .messageStop
        } else if type.equals("error", in: text) {
            .error
        } else if type.equals("message", in: text) {
            .message
        } else {
            .other
        }
    }

    /// The members of the object at `range`, which has to be whole.
    func read(_ range: Range<Int>, of text: Span<UInt8>, into members: inout [Member]) throws(FrameError) {
        members.removeAll(keepingCapacity: true)
        let (object, base) = (text.extracting(range), range.lowerBound)
        var json = JSONTokenizer(limits: limits)
        do throws(JSONError) {
            guard try json.next(in: object) == .objectStart else { throw JSONError.notAnObject(at: 0) }
            while case .key(var name) = try json.next(in: object) {
                let value = try json.skipValue(in: object)
                name.range = name.range.lowerBound + base..<name.range.upperBound + base
                members.append(Member(name: name, value: value.lowerBound + base..<value.upperBound + base))
            }
            _ = try json.next(in: object)
        } catch {
            if case .notAnObject = error { throw .unexpectedForm }
            throw .notJSON
        }
    }

    /// The elements of the array at `range`; none for any other value.
    static func elements(of range: Range<Int>, _ text: Span<UInt8>, _ limits: JSONLimits) -> [Range<Int>] {
        guard text[range.lowerBound] == 0x5B else { return [] }
        var (json, elements) = (JSONTokenizer(limits: limits), [Range<Int>]())
        let array = text.extracting(range)
        do throws(JSONError) {
            _ = try json.next(in: array)
            while let element = try json.nextElement(in: array) {
                elements.append(element.lowerBound + range.lowerBound..<element.upperBound + range.lowerBound)
            }
        } catch { return [] }
        return elements
    }

    // MARK: Values

    /// Where the value of a member lies; the last one's, where several bear the name.
    static func value(_ name: StaticString, in members: [Member], _ text: Span<UInt8>) -> Range<Int>? {
        members.last { $0.name.equals(name, in: text) }?.value
    }

    /// A member that is a string.
    static func string(_ name: StaticString, in members: [Member], _ text: Span<UInt8>) -> JSONStringToken? {
        value(name, in: members, text).flatMap { string(at: $0, text) }
    }

    static func string(at value: Range<Int>, _ text: Span<UInt8>) -> JSONStringToken? {
        guard text[value.lowerBound] == 0x22 else { return nil }
        return JSONStringToken(in: text, from: value.lowerBound + 1)
    }

    /// A member that is a number from 0 to 2³¹.
    static func number(_ name: StaticString, in members: [Member], _ text: Span<UInt8>) -> Int? {
        guard let value = value(name, in: members, text), let number = text.wholeNumber(at: value),
            number <= 1 << 31
        else { return nil }
        return Int(number)
    }
}
