public import FreshetGeneration

/// Reads one provider dialect's frames into a generation's log.
public protocol ProviderDecoder: Sendable {
    /// Takes one frame's data.
    ///
    /// - Parameters:
    ///   - data: The frame's JSON (or the dialect's end mark).
    ///   - log: Where its events go; nothing is appended when it throws.
    /// - Returns: What the frame means for the attempt.
    /// - Throws: When the frame cannot be decoded; the decoder goes on with the next one.
    mutating func decode(
        _ data: Span<UInt8>, into log: inout GenerationLog
    ) throws(FrameError) -> DecodedFrame

    /// Whether a tool call is open: then a frame that cannot be decoded is a hole in its arguments.
    var hasOpenToolCall: Bool { get }

    /// Appends the ends of all blocks that are still open.
    mutating func closeBlocks(in log: inout GenerationLog)
}

/// What a frame that was decoded means for the attempt.
public struct DecodedFrame: Equatable, Sendable {
    /// It held something a reader can see.
    public var hasContent = false
    /// Every choice seen so far has finished.
    public var isFinished = false
    /// As many choices were seen as were asked for.
    public var isComplete = true
    /// The dialect's own end mark: nothing follows.
    public var isDone = false
    /// It only says that the provider lives: silence may last longer, but no deadline moves.
    public var isPing = false
    /// A tool call is being written behind it.
    public var hasOpenToolCall = false

    /// What hardly any frame tells, apart from what goes along with every token.
    private struct Report: Equatable {
        var usage: Usage?
        var finishReason: FinishReason?
        var failure: ProviderFailure?
    }
    private indirect enum Reported: Equatable {
        case nothing
        case some(Report)

        var report: Report { if case .some(let report) = self { report } else { Report() } }
    }
    private var reported = Reported.nothing

    /// All tokens reported so far, when this frame reports any; a later frame's word holds.
    public var usage: Usage? {
        get { reported.report.usage }
        set { change { $0.usage = newValue } }
    }
    /// Why choice 0 finished, when this frame says so.
    public var finishReason: FinishReason? {
        get { reported.report.finishReason }
        set { change { $0.finishReason = newValue } }
    }
    /// The provider reported an error in the stream.
    public var failure: ProviderFailure? {
        get { reported.report.failure }
        set { change { $0.failure = newValue } }
    }
    /// Whether it tells any of usage, finish reason and failure.
    public var isReporting: Bool { if case .some = reported { true } else { false } }

    private mutating func change(_ body: (inout Report) -> Void) {
        var report = reported.report
        body(&report)
        reported = .some(report)
    }

    /// A frame that told nothing.
    public init() {}
}

/// An error as a provider reported it.
public struct ProviderFailure: Equatable, Sendable {
    /// The same in our words, for readers of other dialects.
    public var failure: GenerationFailure
    /// The error's raw JSON, for clients of the same dialect.
    public var raw: [UInt8]

    /// Nothing is masked here: who passes it on takes the route's key out of both.
    public init(failure: GenerationFailure, raw: [UInt8]) {
        (self.failure, self.raw) = (failure, raw)
    }
}

/// Why a provider's frame could not be decoded.
public enum FrameError: Error, Equatable {
    /// It is no JSON.
    case notJSON
    /// It is JSON, but not in the dialect's form.
    case unexpectedForm
    /// It goes past what one answer may have: to skip it would make what follows look whole.
    case limitExceeded
    /// It goes on with what is over or never began: to skip it would make what there is look whole.
    case misplaced
}
