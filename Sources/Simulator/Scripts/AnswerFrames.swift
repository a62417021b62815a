/// Writes the answers of one dialect, streamed frame by frame, and whole.
///
/// Each verb appends one write of the stream; where the dialect has nothing to say there, nothing.
protocol AnswerFrames: Sendable {
    /// What comes before a choice's first token.
    mutating func open(_ out: inout [UInt8], choice: Int, isCalling: Bool)
    mutating func text(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>)
    mutating func reasoning(_ out: inout [UInt8], choice: Int, _ text: Span<UInt8>)
    /// A call begins; its arguments follow.
    mutating func callStart(_ out: inout [UInt8], choice: Int, _ call: SimulatedCall)
    /// A piece of a call's arguments; `isLast` once they are whole.
    mutating func arguments(_ out: inout [UInt8], choice: Int, call: Int, _ text: Span<UInt8>, isLast: Bool)
    /// Why a choice ends.
    mutating func finish(_ out: inout [UInt8], choice: Int, _ end: SimulatedFinish, _ usage: SimulatedUsage)
    /// What was used, behind all finishes.
    mutating func usage(_ out: inout [UInt8], _ usage: SimulatedUsage)
    /// An error in the middle of the stream.
    mutating func error(_ out: inout [UInt8])
    /// A frame that is neither JSON nor UTF-8.
    mutating func garbage(_ out: inout [UInt8])
    /// Whether the finish is what says that nothing follows.
    var endsWithFinish: Bool { get }
    /// What says that nothing follows.
    mutating func done(_ out: inout [UInt8], afterError: Bool)
    /// The body of an answer that does not stream; reads every answer to its end.
    mutating func whole(_ answers: inout [SimulatedAnswer], promptTokens: Int) -> [UInt8]
}

/// A call of a tool, as it begins.
struct SimulatedCall: Equatable, Sendable {
    /// Its place among the answer's calls, from 0.
    var place: Int
    /// Letters and digits; each dialect puts its own beginning before them.
    var id: String
    var name: String
}

/// Why an answer ended.
enum SimulatedFinish: Equatable, Sendable {
    case stop, length, calls
}

/// Token counts of one request.
struct SimulatedUsage: Equatable, Sendable {
    let prompt: Int
    /// Of all answers, those of reasoning included.
    private(set) var completion = 0
    private(set) var reasoning = 0

    init(prompt: Int) { self.prompt = prompt }

    mutating func add(_ answer: SimulatedAnswer) {
        completion += answer.tokens
        reasoning += answer.reasoningTokens
    }
}

/// One answer that does not stream.
struct WholeAnswer {
    private(set) var reasoning: [UInt8] = []
    private(set) var text: [UInt8] = []
    private(set) var calls: [(call: SimulatedCall, arguments: [UInt8])] = []

    /// Reads it to its end.
    init(_ answer: inout SimulatedAnswer) {
        while let piece = answer.next() {
            switch piece {
            case .callStart(let call): calls.append((call, []))
            case .token(.reasoning, let range): reasoning += answer.bytes[range]
            case .token(.text, let range): text += answer.bytes[range]
            case .token(.arguments(let call), let range): calls[call].arguments += answer.bytes[range]
            }
        }
    }
}
