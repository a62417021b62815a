public import FreshetGeneration
public import FreshetPartialJSON

/// Reads the events of an Anthropic Messages stream (or one whole `message`) into a generation's log.
///
/// Every event in the log is a frame by itself, but for a report of usage that stands before what it came with. What has
/// no place in our events goes along as raw bytes, so that the encoder of this dialect can write the same again.
public struct AnthropicDecoder: ProviderDecoder {
    /// One block of the provider's that has not ended.
    struct OpenBlock {
        /// The provider's number.
        var index: Int
        /// Ours; nil for a block that has no place among ours.
        var block: (number: Int, kind: BlockKind)?
        /// A call's arguments that stood in its start: they hold unless deltas follow.
        var input: [UInt8] = []
        /// Of a block without a place among ours: what is known of it, nil for a tool's result, which is whole.
        var foreign: [UInt8]?
    }

    struct Pending {
        enum Content {
            case event(GenerationEvent)
            case delta(block: Int, kind: BlockKind, token: JSONStringToken)
            case raw(block: Int, kind: BlockKind, bytes: [UInt8])
        }

        var content: Content
        var extras: Extras?
        var endsFrame = true
    }

    /// Blocks open at once; past it an event that begins another is broken.
    private static let openLimit = 64

    /// Bytes gathered of open blocks without a place among ours, all together: no log counts them yet.
    private let foreignLimit: Int
    private let route: String
    let generation: GenerationID
    var frame: AnthropicFrame
    private var open: [OpenBlock] = []
    var nextBlock: Int
    private var hasAttempt = false
    private var isFinished = false
    private var usage = AnthropicUsage()
    /// The names of the provider's own tools that were called, by the call's id.
    var calls: [String: String] = [:]
    /// What the event that is read says.
    var pending: [Pending] = []
    var hasContent = false
    private var repetition = AnthropicRepetition()
    /// Members of the delta that is read.
    private var scratch: [UInt8] = []

    /// - Parameters:
    ///   - route: `provider/model`, for the attempt's event.
    ///   - generation: What ids are derived from where the provider gives none.
    ///   - firstBlock: The number of the next block in the log.
    ///   - limits: Of each event's JSON.
    ///   - foreignLimit: Bytes gathered of open blocks without a place among ours, all together.
    public init(
        route: String, generation: GenerationID, firstBlock: Int = 0, limits: JSONLimits = .init(),
        foreignLimit: Int = 4 << 20
    ) {
        (self.route, self.generation, nextBlock, self.foreignLimit) = (route, generation, firstBlock, foreignLimit)
        frame = AnthropicFrame(limits: limits)
    }

    /// The provider's own calls count as well.
    public var hasOpenToolCall: Bool { open.contains { $0.block?.kind == .toolInput } }

    /// Reads an event's data, a whole `message`, or the `[DONE]` that some gateways send. O(bytes).
    public mutating func decode(
        _ data: Span<UInt8>, into log: inout GenerationLog
    ) throws(FrameError) -> DecodedFrame {
        if let text = repetition.text(of: data) {
            log.appendDelta(block: repetition.block, kind: repetition.kind) {
                text.appendUnescaped(from: data, to: &$0)
            }
            return repetition.meaning
        }
        repetition.forget()
        pending.removeAll(keepingCapacity: true)
        hasContent = false
        var meaning = DecodedFrame()
        if Self.isDone(data) {
            meaning.isDone = true
        } else {
            try frame.scan(data)
            try take(data, &meaning)
            if !hasAttempt { addMissingStart() }
            write(data, into: &log)
        }
        // A block that began behind the finish has to end as well: its bytes may break off.
        (meaning.hasContent, meaning.isFinished) = (hasContent, isFinished && open.isEmpty)
        meaning.hasOpenToolCall = hasOpenToolCall
        keep(meaning, data)
        return meaning
    }

    /// Keeps an event that was one delta and nothing else.
    private mutating func keep(_ meaning: DecodedFrame, _ data: Span<UInt8>) {
        guard pending.count == 1, pending[0].extras == nil,
            case .delta(let block, let kind, let token) = pending[0].content
        else { return }
        repetition.keep(data, text: token, block: block, kind: kind, meaning: meaning)
    }

    /// A call whose arguments stood in its start gets them now.
    public mutating func closeBlocks(in log: inout GenerationLog) {
        pending.removeAll(keepingCapacity: true)
        closeAll()
        let nothing: [UInt8] = []
        write(nothing.span, into: &log)
    }

    private static func isDone(_ data: Span<UInt8>) -> Bool {
        guard data.count >= 6, data[0] == 0x5B else { return false }
        let mark: StaticString = "[DONE]"
        for place in 0..<6 where data[place] != mark.utf8Start[place] { return false }
        return true
    }

    // MARK: Events

    /// Finds out what the event says, and changes nothing when it throws.
    private mutating func take(_ data: Span<UInt8>, _ meaning: inout DecodedFrame) throws(FrameError) {
        switch frame.kind {
        case .messageStart: try begin(data, &meaning)
        case .message: try takeWhole(data, &meaning)
        case .blockStart: try beginBlock(data)
        case .blockDelta: try takeDelta(data)
        case .blockStop: try endBlock(data)
        case .messageDelta: takeMessageDelta(data, &meaning)
        case .messageStop:
            closeAll()
            (isFinished, meaning.isDone) = (true, true)
            guard frame.members.count > 1 else { return }
            let raw = Self.trimmed(data)
            add(.foreign(dialect: .anthropic, name: AnthropicForeign.stop, bytes: raw))
        case .ping: meaning.isPing = true
        case .error: meaning.failure = AnthropicFailure.reading(data)
        case .other:
            let name = frame.type?.string(in: data) ?? ""
            add(.foreign(dialect: .anthropic, name: name, bytes: Self.trimmed(data)))
        }
    }

    private mutating func begin(_ data: Span<UInt8>, _ meaning: inout DecodedFrame) throws(FrameError) {
        // What a gateway spliced in front of it broke off.
        if hasAttempt { closeAll() }
        isFinished = false
        let content = AnthropicFrame.value("content", in: frame.inner, data)
        try start(frame.inner, frame.object ?? 0..<0, data, &meaning)
        if let content { try takeBlocks(content, data) }
    }

    /// The first start of an answer tells of the attempt; of later ones only the usage is news.
    private mutating func start(
        _ members: [AnthropicFrame.Member], _ object: Range<Int>, _ data: Span<UInt8>, _ meaning: inout DecodedFrame
    ) throws(FrameError) {
        if let range = AnthropicFrame.value("usage", in: members, data), let report = usage.take(range, data) {
            meaning.usage = report
            // What the last report says may be less, and split otherwise: readers are told that one.
            if frame.kind == .message { add(.usage(report), endsFrame: hasAttempt) }
        }
        guard !hasAttempt else { return }
        hasAttempt = true
        var extras: [UInt8] = []
        AnthropicExtras.append(.message, raw: emptied(data.extracting(object)).span, to: &extras)
        if frame.kind == .messageStart { appendFrameMembers(["type", "message"], data, to: &extras) }
        let attempt = Attempt(
            route: route,
            providerModel: AnthropicFrame.string("model", in: members, data)?.string(in: data),
            providerID: AnthropicFrame.string("id", in: members, data)?.string(in: data))
        add(.attempt(attempt), Extras(dialect: .anthropic, bytes: extras, isConstant: false))
    }

    /// An answer whose start was lost, or never sent, begins nevertheless.
    private mutating func addMissingStart() {
        switch frame.kind {
        case .ping, .error, .other: return
        case .messageStart, .blockStart, .blockDelta, .blockStop, .messageDelta, .messageStop, .message: break
        }
        hasAttempt = true
        var extras: [UInt8] = []
        let empty: [UInt8] = Array("{}".utf8)
        AnthropicExtras.append(.message, raw: emptied(empty.span).span, to: &extras)
        let attempt = GenerationEvent.attempt(Attempt(route: route))
        let start = Extras(dialect: .anthropic, bytes: extras, isConstant: false)
        pending.insert(Pending(content: .event(attempt), extras: start), at: 0)
    }

    /// A whole answer in one document says the same as a stream of it.
    private mutating func takeWhole(_ data: Span<UInt8>, _ meaning: inout DecodedFrame) throws(FrameError) {
        guard let content = AnthropicFrame.value("content", in: frame.members, data), data[content.lowerBound] == 0x5B
        else { throw .unexpectedForm }
        let members = frame.members
        try start(members, 0..<data.count, data, &meaning)
        try takeBlocks(content, data)
        var extras: [UInt8] = []
        let finish = members.filter { member in
            ["stop_reason", "stop_sequence", "stop_details", "container"].contains(member.name.string(in: data))
        }
        AnthropicExtras.append(.finish, raw: Self.object(of: finish, data).span, to: &extras)
        let range = AnthropicFrame.value("usage", in: members, data)
        if let range { AnthropicExtras.append(.usage, raw: data.extracting(range), to: &extras) }
        finishChoice(members, data, &meaning, extras)
        (isFinished, meaning.isDone) = (true, true)
    }

    /// Blocks that are given whole.
    private mutating func takeBlocks(_ content: Range<Int>, _ data: Span<UInt8>) throws(FrameError) {
        for (index, element) in AnthropicFrame.elements(of: content, data, frame.limits).enumerated() {
            guard data[element.lowerBound] == 0x7B else { continue }
            var members: [AnthropicFrame.Member] = []
            try frame.read(element, of: data, into: &members)
            try beginBlock(index, members, element, data, isWhole: true)
            close { $0.index == index }
        }
    }

    private mutating func takeMessageDelta(_ data: Span<UInt8>, _ meaning: inout DecodedFrame) {
        var extras: [UInt8] = []
        if let object = frame.object { AnthropicExtras.append(.finish, raw: data.extracting(object), to: &extras) }
        if let range = AnthropicFrame.value("usage", in: frame.members, data) {
            AnthropicExtras.append(.usage, raw: data.extracting(range), to: &extras)
            if let report = usage.take(range, data) {
                meaning.usage = report
            }
        }
        appendFrameMembers(["type", "delta", "usage"], data, to: &extras)
        finishChoice(frame.inner, data, &meaning, extras)
    }

    /// The finish and the usage that go with it; the last event carries what has no place in them.
    private mutating func finishChoice(
        _ members: [AnthropicFrame.Member], _ data: Span<UInt8>, _ meaning: inout DecodedFrame, _ bytes: [UInt8]
    ) {
        let extras = Extras(dialect: .anthropic, bytes: bytes, isConstant: false)
        let reason = AnthropicFrame.string("stop_reason", in: members, data).map {
            AnthropicStopReason.reading($0.string(in: data))
        }
        if let reason {
            closeAll()
            (isFinished, hasContent, meaning.finishReason) = (true, true, reason)
        }
        if let report = meaning.usage, frame.kind == .messageDelta {
            add(.usage(report), reason == nil ? extras : nil, endsFrame: reason == nil)
        }
        if let reason {
            add(.finish(choice: 0, reason: reason), extras)
        } else if frame.kind == .message || meaning.usage == nil {
            add(.foreign(dialect: .anthropic, name: AnthropicForeign.messageDelta, bytes: []), extras)
        }
    }

    // MARK: Blocks

    private mutating func beginBlock(_ data: Span<UInt8>) throws(FrameError) {
        guard let index = AnthropicFrame.number("index", in: frame.members, data), let object = frame.object,
            AnthropicFrame.string("type", in: frame.inner, data) != nil
        else { throw .unexpectedForm }
        let others = open.count { $0.index != index }
        guard others < Self.openLimit else { throw .limitExceeded }
        let (before, number) = (open, nextBlock)
        do {
            close { $0.index == index }
            try beginBlock(index, frame.inner, object, data)
        } catch {
            (open, nextBlock) = (before, number)
            throw error
        }
    }

    /// Whether so many bytes more may be gathered of blocks without a place among ours.
    func checkGathering(_ count: Int) throws(FrameError) {
        let gathered = open.reduce(0) { $0 + ($1.foreign?.count ?? 0) }
        guard gathered + count <= foreignLimit else { throw .limitExceeded }
    }

    private mutating func endBlock(_ data: Span<UInt8>) throws(FrameError) {
        guard let index = AnthropicFrame.number("index", in: frame.members, data) else { throw .unexpectedForm }
        close { $0.index == index }
    }

    /// Notes that one of ours has begun, or that a foreign one is being gathered.
    mutating func noteOpen(_ block: OpenBlock) { open.append(block) }

    /// Keeps the arguments that stood in the start of the call that began last.
    mutating func keepInput(_ bytes: [UInt8]) { open[open.count - 1].input = bytes }

    private mutating func close(where matches: (OpenBlock) -> Bool) {
        for ending in open where matches(ending) {
            if let block = ending.block {
                if !ending.input.isEmpty {
                    add(raw: ending.input, block, Self.said)
                }
                add(.blockEnd(block: block.number, kind: block.kind))
            } else if let foreign = ending.foreign {
                add(.foreign(dialect: .anthropic, name: AnthropicForeign.block, bytes: foreign))
            }
        }
        open.removeAll(where: matches)
    }

    private mutating func closeAll() { close { _ in true } }

    // MARK: Deltas

    private mutating func takeDelta(_ data: Span<UInt8>) throws(FrameError) {
        guard let index = AnthropicFrame.number("index", in: frame.members, data), let object = frame.object,
            let type = AnthropicFrame.string("type", in: frame.inner, data)
        else { throw .unexpectedForm }
        let place = try place(of: index, type, data)
        if open[place].foreign != nil {
            try checkGathering(object.count + 1)
            hasContent = true
            open[place].foreign?.append(0x0A)
            for at in object { open[place].foreign?.append(data[at] < 0x20 ? 0x20 : data[at]) }
            return
        }
        // A tool's result is whole already.
        guard let block = open[place].block else { return }
        switch block.kind {
        case .text where type.equals("text_delta", in: data): try takeText("text", place, block, data)
        case .reasoning where type.equals("thinking_delta", in: data): try takeText("thinking", place, block, data)
        case .toolInput where type.equals("input_json_delta", in: data):
            try takeText("partial_json", place, block, data)
        case .reasoning where type.equals("signature_delta", in: data): try takeSignature(block.number, object, data)
        case .text where type.equals("citations_delta", in: data): try takeCitation(block.number, data)
        case .text, .reasoning, .toolInput, .refusal: addWholeDelta(block.number, object, data)
        }
    }

    /// Where the block of a delta is. Text that was never begun is begun now.
    private mutating func place(
        of index: Int, _ type: JSONStringToken, _ data: Span<UInt8>
    ) throws(FrameError) -> Int {
        if let place = open.lastIndex(where: { $0.index == index }) { return place }
        guard open.count < Self.openLimit else { throw .limitExceeded }
        if type.equals("text_delta", in: data), AnthropicFrame.string("text", in: frame.inner, data) != nil {
            begin(.text, index, Self.start(#"{"type":"text","text":""}"#))
        } else if type.equals("thinking_delta", in: data),
            AnthropicFrame.string("thinking", in: frame.inner, data) != nil
        {
            begin(.reasoning, index, Self.start(#"{"type":"thinking","thinking":"","signature":""}"#))
        } else {
            throw .unexpectedForm
        }
        return open.count - 1
    }

    private static func start(_ block: String) -> Extras {
        var bytes: [UInt8] = []
        AnthropicExtras.append(.block, raw: Array(block.utf8).span, to: &bytes)
        return Extras(dialect: .anthropic, bytes: bytes, isConstant: false)
    }

    private mutating func takeText(
        _ name: StaticString, _ place: Int, _ block: (number: Int, kind: BlockKind), _ data: Span<UInt8>
    ) throws(FrameError) {
        guard let token = AnthropicFrame.string(name, in: frame.inner, data) else { throw .unexpectedForm }
        guard !token.range.isEmpty else { return addWholeDelta(block.number, frame.object ?? 0..<0, data) }
        open[place].input = []
        hasContent = true
        let delta = Pending.Content.delta(block: block.number, kind: block.kind, token: token)
        pending.append(Pending(content: delta, extras: deltaExtras(name, data)))
    }

    private mutating func takeSignature(
        _ block: Int, _ object: Range<Int>, _ data: Span<UInt8>
    ) throws(FrameError) {
        guard let token = AnthropicFrame.string("signature", in: frame.inner, data) else { throw .unexpectedForm }
        guard !token.range.isEmpty else { return addWholeDelta(block, object, data) }
        hasContent = true
        let signature = Signature(dialect: .anthropic, value: token.string(in: data))
        add(.signature(block: block, signature), deltaExtras("signature", data))
    }

    private mutating func takeCitation(_ block: Int, _ data: Span<UInt8>) throws(FrameError) {
        guard let range = AnthropicFrame.value("citation", in: frame.inner, data), data[range.lowerBound] == 0x7B else {
            throw .unexpectedForm
        }
        addCitation(range, block, data)
    }

    /// What else stood in a delta and its frame; nil where there was nothing.
    private mutating func deltaExtras(_ text: StaticString, _ data: Span<UInt8>) -> Extras? {
        guard frame.inner.count != 2 || frame.members.count != 3 else { return nil }
        scratch.removeAll(keepingCapacity: true)
        for member in frame.inner where !member.name.equals(text, in: data) && !member.name.equals("type", in: data) {
            AnthropicExtras.append(.delta, raw: data.extracting(member.range), to: &scratch)
        }
        appendFrameMembers(["type", "index", "delta"], data, to: &scratch)
        return scratch.isEmpty ? nil : Extras(dialect: .anthropic, bytes: scratch, isConstant: false)
    }

    /// A delta that says nothing of ours goes along for clients of this dialect.
    private mutating func addWholeDelta(_ block: Int, _ object: Range<Int>, _ data: Span<UInt8>) {
        var extras: [UInt8] = []
        AnthropicExtras.append(.wholeDelta, place: block, raw: data.extracting(object), to: &extras)
        add(
            .foreign(dialect: .anthropic, name: AnthropicForeign.delta, bytes: []),
            Extras(dialect: .anthropic, bytes: extras, isConstant: false))
    }

    // MARK: Writing events

    mutating func add(_ event: GenerationEvent, _ extras: Extras? = nil, endsFrame: Bool = true) {
        pending.append(Pending(content: .event(event), extras: extras, endsFrame: endsFrame))
    }

    mutating func add(raw bytes: [UInt8], _ block: (number: Int, kind: BlockKind), _ extras: Extras?) {
        pending.append(
            Pending(content: .raw(block: block.number, kind: block.kind, bytes: bytes), extras: extras))
    }

    /// For what stood in a block's start already.
    static let said: Extras = {
        let nothing: [UInt8] = []
        var bytes: [UInt8] = []
        AnthropicExtras.append(.said, raw: nothing.span, to: &bytes)
        return Extras(dialect: .anthropic, bytes: bytes, isConstant: false)
    }()

    private mutating func write(_ data: Span<UInt8>, into log: inout GenerationLog) {
        for item in pending {
            switch item.content {
            case .event(let event): log.append(event, extras: item.extras, endsFrame: item.endsFrame)
            case .delta(let block, let kind, let token):
                log.appendDelta(block: block, kind: kind, extras: item.extras, endsFrame: item.endsFrame) {
                    token.appendUnescaped(from: data, to: &$0)
                }
            case .raw(let block, let kind, let bytes):
                log.appendDelta(block: block, kind: kind, extras: item.extras, endsFrame: item.endsFrame) {
                    $0 += bytes
                }
            }
        }
    }

    // MARK: Raw JSON

    func appendFrameMembers(_ known: [String], _ data: Span<UInt8>, to bytes: inout [UInt8]) {
        guard frame.members.count > known.count else { return }
        for member in frame.members where !known.contains(member.name.string(in: data)) {
            AnthropicExtras.append(.frame, raw: data.extracting(member.range), to: &bytes)
        }
    }

    /// The event without its padding.
    private static func trimmed(_ data: Span<UInt8>) -> [UInt8] {
        var bytes = data.withUnsafeBufferPointer { Array($0) }
        while let last = bytes.last, last != 0x7D { bytes.removeLast() }
        guard !bytes.isEmpty else { return [] }
        bytes.removeLast()
        while bytes.last == 0x20 { bytes.removeLast() }
        return bytes + [0x7D]
    }

    private static func object(of members: [AnthropicFrame.Member], _ data: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = [0x7B]
        for member in members {
            if bytes.count > 1 { bytes.append(0x2C) }
            data.extracting(member.range).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        }
        return bytes + [0x7D]
    }
}
