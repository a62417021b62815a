/// What a generation amounts to so far: the message, and all an encoder needs to go on from here.
public struct GenerationFold: Equatable, Sendable {
    /// One block and what it holds so far.
    public struct Block: Equatable, Sendable {
        public var start: BlockStart
        /// UTF-8; a lone surrogate as three bytes.
        public var bytes: [UInt8] = []
        public var isOpen = true

        /// What it holds as a `String`; a lone surrogate becomes U+FFFD.
        public var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The last finish reported for one choice.
    public struct Finish: Equatable, Sendable {
        public var choice: Int
        public var reason: FinishReason
    }

    /// The result of one tool call.
    public struct ToolOutput: Equatable, Sendable {
        public var callID: String
        /// Raw JSON.
        public var result: [UInt8]
    }

    public private(set) var start: GenerationStart?
    public private(set) var attempt: Attempt?
    /// In order of beginning; a block's number is its index.
    public private(set) var blocks: [Block] = []
    /// In order of first report.
    public private(set) var finishes: [Finish] = []
    public private(set) var toolOutputs: [ToolOutput] = []
    public private(set) var usage: Usage?
    public private(set) var end: GenerationEnd?
    /// Number of the last event folded.
    public private(set) var sequence: UInt64 = 0

    public init() {}

    /// Folds one event as the log lends it. O(bytes).
    public mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>) {
        sequence = item.last
        switch item.body {
        case .delta(let block, _): WTF8.append(payload, to: &blocks[block].bytes)
        case .event(let event): apply(event)
        }
    }

    private mutating func apply(_ event: GenerationEvent) {
        switch event {
        case .generationStart(let start): self.start = start
        case .attempt(let attempt): self.attempt = attempt
        case .blockStart(let start): blocks.append(Block(start: start))
        case .blockDelta(let block, _, let text): WTF8.append(text.utf8.span, to: &blocks[block].bytes)
        case .blockEnd(let block, _): blocks[block].isOpen = false
        case .finish(let choice, let reason): finish(choice, reason)
        case .usage(let usage): merge(usage)
        case .toolOutput(let callID, let result):
            toolOutputs.append(ToolOutput(callID: callID, result: result))
        case .progress, .notice, .foreign: break
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
