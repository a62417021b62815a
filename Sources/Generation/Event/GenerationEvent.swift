/// One event of a generation, as libraries and tests see it. In the log a delta is a span of a shared buffer instead.
public enum GenerationEvent: Equatable, Sendable {
    /// Always the first event.
    case generationStart(GenerationStart)
    /// A route was asked and its answer began.
    case attempt(Attempt)
    case blockStart(BlockStart)
    /// More of a block's text.
    case blockDelta(block: Int, kind: BlockKind, text: String)
    case blockEnd(block: Int, kind: BlockKind)
    /// What proves a block of reasoning to the provider that gave it; a later one replaces it.
    case signature(block: Int, Signature)
    /// A source of what a block of text says.
    case citation(block: Int, Citation)
    /// A file that the model made.
    case file(GeneratedFile)
    /// The model finished one choice. A provider may report it again; the last report holds.
    case finish(choice: Int, reason: FinishReason)
    case usage(Usage)
    /// How far something that takes long has come.
    case progress(fraction: Double?, status: String)
    /// The result of a tool call, the provider's own tools included: raw JSON.
    case toolOutput(callID: String, result: [UInt8])
    /// Something a person running this may want to know; no change to the answer.
    case notice(code: String, message: String)
    /// An event of the provider's dialect that has no place in ours: its raw bytes, empty when it only carries extras.
    case foreign(dialect: DialectName, name: String, bytes: [UInt8])
    /// Always the last event.
    case generationEnd(GenerationEnd)
}

/// What is known when a generation begins.
public struct GenerationStart: Equatable, Sendable {
    /// Minted by the process that made it; part of every cursor and of the ids that encoders derive.
    public var id: GenerationID
    /// The name the client asked for.
    public var model: String
    /// Unix time in ms.
    public var createdMilliseconds: UInt64

    /// All of it must be known: encoders take the ids and times they write from here.
    public init(id: GenerationID, model: String, createdMilliseconds: UInt64) {
        (self.id, self.model, self.createdMilliseconds) = (id, model, createdMilliseconds)
    }
}

/// One request to one route, as its first frame told.
public struct Attempt: Equatable, Sendable {
    /// `provider/model`.
    public var route: String
    /// The model's name in the provider's words.
    public var providerModel: String?
    /// The answer's id in the provider's words.
    public var providerID: String?
    /// Unix time in seconds, as the provider gave it.
    public var providerCreated: Int64?

    /// Names that the provider's first frame did not tell stay nil.
    public init(
        route: String, providerModel: String? = nil, providerID: String? = nil, providerCreated: Int64? = nil
    ) {
        (self.route, self.providerModel, self.providerID) = (route, providerModel, providerID)
        self.providerCreated = providerCreated
    }
}

/// The beginning of a block.
public struct BlockStart: Equatable, Sendable {
    /// The block's number: 0, 1, 2… in order of beginning.
    public var block: Int
    /// Also the kind of every delta up to the block's end.
    public var kind: BlockKind
    /// The choice it belongs to, where a request asked for several answers.
    public var choice: Int
    /// Tool calls only.
    public var callID: String
    /// The tool's name; tool calls only.
    public var name: String
    /// Whether the provider runs the tool itself: the call is there to be seen, and nobody else answers it.
    public var isProviderExecuted: Bool

    /// A block of choice 0; a tool call needs `callID` and `name` besides.
    public init(
        block: Int, kind: BlockKind, choice: Int = 0, callID: String = "", name: String = "",
        isProviderExecuted: Bool = false
    ) {
        (self.block, self.kind, self.choice, self.callID, self.name) = (block, kind, choice, callID, name)
        self.isProviderExecuted = isProviderExecuted
    }

    /// Whether it is a tool call that the client answers.
    public var isClientCall: Bool { kind == .toolInput && !isProviderExecuted }
}

/// The end of a generation.
public struct GenerationEnd: Equatable, Sendable {
    /// Decides whether `failure` is there.
    public var outcome: Outcome
    /// Of choice 0; nil when no finish was reported.
    public var finishReason: FinishReason?
    /// The last word on tokens, merged from all reports, or an estimate; nil when neither could be had.
    public var usage: Usage?
    /// Present exactly when `outcome` is no success.
    public var failure: GenerationFailure?
    /// CRC-32 of each block's text, in the order of blocks; empty where the log was not kept whole.
    public var checksums: [UInt32] = []

    /// Give `failure` for an outcome that is no success and only then: the grammar refuses anything else.
    public init(
        outcome: Outcome, finishReason: FinishReason? = nil, usage: Usage? = nil, failure: GenerationFailure? = nil
    ) {
        (self.outcome, self.finishReason, self.usage, self.failure) = (outcome, finishReason, usage, failure)
    }
}
