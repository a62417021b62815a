import FreshetPartialJSON

/// What a generation amounts to so far: the message, and all an encoder needs to go on from here.
public struct GenerationFold: Equatable, Sendable {
    /// One block and what it holds so far.
    public struct Block: Equatable, Sendable {
        /// Its number, kind, choice and, for a tool call, id and name.
        public var start: BlockStart
        /// UTF-8; a lone surrogate as three bytes.
        public var bytes: [UInt8] = []
        /// Whether its end is still to come; one left open by a failure stays so.
        public var isOpen = true
        /// The last signature of reasoning; nil where there was none.
        public var signature: Signature?
        /// In order of arrival.
        public var citations: [Citation] = []

        /// What it holds as a `String`; a lone surrogate becomes U+FFFD.
        public var text: String { String(replacingSurrogatesOf: bytes) }

        /// CRC-32 of `bytes`: what `generation-end` says of it. O(bytes).
        public var checksum: UInt32 { CRC32.sum(of: bytes.span) }
    }

    /// The last finish reported for one choice.
    public struct Finish: Equatable, Sendable {
        /// 0 unless the request asked for several answers.
        public var choice: Int
        /// Replaced when the provider reports again.
        public var reason: FinishReason
    }

    /// The result of one tool call.
    public struct ToolOutput: Equatable, Sendable {
        /// The call it answers, as in that block's start.
        public var callID: String
        /// Raw JSON.
        public var result: [UInt8]
        /// How many blocks had begun before it.
        public var position: Int
    }

    /// An event of the provider's dialect that has no place in ours, and is more than a carrier of extras.
    public struct Foreign: Equatable, Sendable {
        /// In the provider's dialect, as its codec calls it.
        public var name: String
        /// Raw.
        public var bytes: [UInt8]
        /// How many blocks had begun before it.
        public var position: Int
    }

    /// Nil only before the first event.
    public private(set) var start: GenerationStart?
    /// The first attempt whose answer began: its names are what readers were told.
    public private(set) var attempt: Attempt?
    /// In order of beginning; a block's number is its index.
    public private(set) var blocks: [Block] = []
    /// In order of first report.
    public private(set) var finishes: [Finish] = []
    /// In order of arrival.
    public private(set) var toolOutputs: [ToolOutput] = []
    /// In order of arrival.
    public private(set) var foreign: [Foreign] = []
    /// In order of arrival.
    public private(set) var files: [GeneratedFile] = []
    /// All reports merged, the end's included; nil when there was none.
    public private(set) var usage: Usage?
    /// Nil while the generation runs.
    public private(set) var end: GenerationEnd?
    /// Whose frame told of the attempt; nil when it carried no dialect's own members.
    public private(set) var attemptSource: DialectName?
    /// Whose frame reported usage; nil when none did that carried its dialect's own members.
    public private(set) var usageSource: DialectName?
    /// Number of the last event folded.
    public private(set) var sequence: UInt64 = 0
    /// Whether more of the provider's frame is to come.
    public private(set) var isMidFrame = false
    /// What the provider's frame that is being folded has told so far.
    private var frameHasAttempt = false
    private var frameHasUsage = false

    /// Nothing folded yet.
    public init() {}

    /// Folds one event as the log lends it. What the grammar forbids is passed over: a reader's events come from a
    /// peer. O(bytes).
    public mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        sequence = item.last
        switch item.body {
        case .delta(let block, _): append(payload, to: block)
        case .event(let event): apply(event)
        }
        isMidFrame = !item.endsFrame
        guard item.endsFrame else { return }
        if frameHasAttempt { attemptSource = item.extras?.dialect }
        if frameHasUsage, let source = item.extras?.dialect { usageSource = source }
        (frameHasAttempt, frameHasUsage) = (false, false)
    }

    private mutating func append(_ text: Span<UInt8>, to block: Int) {
        guard blocks.indices.contains(block) else { return }
        WTF8.append(text, to: &blocks[block].bytes)
    }

    private mutating func apply(_ event: GenerationEvent) {
        switch event {
        case .generationStart(let start): self.start = start
        case .attempt(let attempt):
            guard self.attempt == nil else { return }
            self.attempt = attempt
            frameHasAttempt = true
        case .blockStart(let start):
            if start.block == blocks.count { blocks.append(Block(start: start)) }
        case .blockDelta(let block, _, let text): append(text.utf8.span, to: block)
        case .blockEnd(let block, _):
            if blocks.indices.contains(block) { blocks[block].isOpen = false }
        case .signature(let block, let signature):
            if blocks.indices.contains(block) { blocks[block].signature = signature }
        case .citation(let block, let citation):
            if blocks.indices.contains(block) { blocks[block].citations.append(citation) }
        case .file(let file): files.append(file)
        case .finish(let choice, let reason): finish(choice, reason)
        case .usage(let usage):
            merge(usage)
            frameHasUsage = true
        case .toolOutput(let callID, let result):
            toolOutputs.append(ToolOutput(callID: callID, result: result, position: blocks.count))
        case .foreign(_, let name, let bytes):
            if !bytes.isEmpty { foreign.append(Foreign(name: name, bytes: bytes, position: blocks.count)) }
        case .progress, .notice: break
        case .generationEnd(let end):
            self.end = end
            if let usage = end.usage { merge(usage) }
        }
    }

    private mutating func finish(_ choice: Int, _ reason: FinishReason) {
        if let place = finishes.firstIndex(where: { $0.choice == choice }) {
            finishes[place].reason = reason
        } else {
            finishes.append(Finish(choice: choice, reason: reason))
        }
    }

    private mutating func merge(_ report: Usage) {
        var merged = usage ?? Usage()
        merged.merge(report)
        usage = merged
    }
}

extension GenerationLog {
    /// Folds everything that readers may see; only for a log of which nothing was forgotten. O(bytes).
    public func fold(through sequence: UInt64 = .max) -> GenerationFold {
        var fold = GenerationFold()
        var cursor = LogCursor()
        while cursor.next <= sequence, read(&cursor, { fold.apply($0, $1) }) {}
        return fold
    }
}
