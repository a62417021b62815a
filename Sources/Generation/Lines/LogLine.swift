import FreshetPartialJSON

/// One line of a stored log, read back.
public struct LogLine: Equatable, Sendable {
    /// What a line holds.
    public enum Content: Equatable, Sendable {
        /// One delta or several of one run: their text, and where each ends in it.
        case deltas(block: Int, kind: BlockKind, text: [UInt8], ends: [UInt32])
        /// Anything but a delta.
        case event(GenerationEvent)
    }

    /// What a line says of extras.
    enum ExtrasField: Equatable, Sendable {
        case none, same
        case these(Extras)
    }

    /// The log it belongs to.
    public let generation: GenerationID
    /// Number of its first event.
    public let first: UInt64
    /// Number of its last event.
    public let last: UInt64
    /// What happened.
    public let content: Content
    /// Whether the provider's frame ends with its last event.
    public let endsFrame: Bool
    /// Where the generation comes from; with event 1 only.
    public let origin: GenerationOrigin?
    let extras: ExtrasField

    /// Reads a line that `LogLineSplitter` found sound. Its sum is not looked at again.
    ///
    /// - Throws: What is missing: it was no line of a log, or a later version wrote it.
    public init(parsing line: Span<UInt8>) throws(NativeEventError) {
        let members = try LineMembers(line)
        let native = try NativeEvent(parsing: line)
        guard let id = GenerationID(try members.string("generation", in: line)) else { throw .missing("generation") }
        (generation, first, last) = (id, native.first, native.sequence)
        endsFrame = members.bool("frame", in: line) ?? true
        extras = try Self.extras(members, line)
        if let place = members.object("origin", in: line) {
            origin = try GenerationOrigin(parsing: line.extracting(place))
        } else {
            origin = nil
        }
        content = try Self.content(native, members, line)
        guard case .event = content, first != last else { return }
        throw .missing("from")
    }

    /// The log that a sound line belongs to, without reading the rest of it; nil when it is no line of a log.
    public static func generation(of line: Span<UInt8>) -> GenerationID? {
        let end = line.count - LineSum.length - 1
        guard end > 30, line[end] == 0x22, line[end - 31] == 0x22 else { return nil }
        return GenerationID(
            line.extracting(end - 30..<end).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }

    private static func extras(_ members: LineMembers, _ line: Span<UInt8>) throws(NativeEventError) -> ExtrasField {
        guard let place = members.object("extras", in: line) else {
            return members.place(of: "extras", in: line) == nil ? .none : .same
        }
        let object = line.extracting(place)
        let inner = try LineMembers(object)
        // A dialect of a later version: nobody here could put them back.
        guard let dialect = DialectName(rawValue: try inner.string("dialect", in: object)) else { return .none }
        let bytes = try inner.exactBytes(in: object)
        return .these(
            Extras(dialect: dialect, bytes: bytes, isConstant: inner.bool("constant", in: object) ?? true))
    }

    private static func content(
        _ native: NativeEvent, _ members: LineMembers, _ line: Span<UInt8>
    ) throws(NativeEventError) -> Content {
        var exact: [UInt8]?
        if let place = members.object("exact", in: line) {
            exact = try LineMembers(line.extracting(place)).exactBytes(in: line.extracting(place))
        }
        switch native.event {
        case .blockDelta(let block, let kind, _):
            return try deltas(block, kind, native, members, line)
        case .foreign(let dialect, let name, _):
            let bytes = if let exact { exact } else { try members.bytes("data", in: line) }
            return .event(.foreign(dialect: dialect, name: name, bytes: bytes))
        case .toolOutput(let callID, let result):
            return .event(.toolOutput(callID: callID, result: exact ?? members.raw("result", in: line) ?? result))
        case .generationEnd(var end):
            end.failure?.isProvidersWord = members.bool("providers_word", in: line) ?? false
            return .event(.generationEnd(end))
        case .some(let event): return .event(event)
        // A type of a later version: it keeps its number and its bytes.
        case nil:
            let type = try members.string("type", in: line)
            return .event(.foreign(dialect: .native, name: type, bytes: line.withUnsafeBufferPointer { Array($0) }))
        }
    }

    private static func deltas(
        _ block: Int, _ kind: BlockKind, _ native: NativeEvent, _ members: LineMembers, _ line: Span<UInt8>
    ) throws(NativeEventError) -> Content {
        let text = try members.bytes("delta", in: line)
        let ends = members.integers("ends", in: line) ?? [UInt32(truncatingIfNeeded: text.count)]
        guard text.count < 1 << 31, UInt64(ends.count) == native.sequence - native.first + 1,
            ends.last == UInt32(text.count), zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw .missing("ends") }
        return .deltas(block: block, kind: kind, text: text, ends: ends)
    }
}

extension GenerationOrigin {
    init(parsing object: Span<UInt8>) throws(NativeEventError) {
        let members = try LineMembers(object)
        self.init(owner: try members.string("owner", in: object), dialect: try members.string("dialect", in: object))
        if members.place(of: "parent", in: object) != nil {
            parent = GenerationID(try members.string("parent", in: object))
        }
        if members.place(of: "key", in: object) != nil {
            guard let digest = [UInt8](hex: Array(try members.string("digest", in: object).utf8).span) else {
                throw .missing("digest")
            }
            idempotency = Idempotency(
                key: try members.string("key", in: object), path: try members.string("path", in: object),
                digest: digest)
        }
        runsToEnd = members.bool("runs_to_end", in: object) ?? false
        if let place = members.object("request", in: object) {
            let inner = object.extracting(place)
            request = try LineMembers(inner).exactBytes(in: inner)
        }
    }
}
