/// What a model's name says about its answers: a word and controls, `talk-n50-i1000-rst5`.
///
/// Times are microseconds. Positions of faults count tokens already written: `rst0` comes before the first one.
package struct SimulatedModel: Equatable, Sendable {
    /// What the answer is made of.
    package enum Word: String, CaseIterable, Sendable {
        /// Markdown prose with everything that is hard to show: lists, tables, code, links, emoji, CJK.
        case talk
        /// Mostly code blocks.
        case code
        /// Calls of the request's tools, or of a built-in one.
        case tools
        /// JSON by the request's schema, or by a built-in one.
        case json
        /// Reasoning first, then prose.
        case think
    }

    /// How one write becomes many.
    package enum Split: Equatable, Sendable {
        case bytes(Int)
        /// 1 to 64 bytes, by the seed.
        case random
    }

    /// What goes wrong once so many tokens were written.
    package enum Fault: Equatable, Sendable {
        /// The connection is reset.
        case reset
        /// The connection ends in the middle of the body.
        case cut
        /// Nothing more comes, and the connection stays.
        case stall
        /// An error inside the stream, which then ends properly.
        case error
        /// A line that is neither JSON nor UTF-8; the stream goes on.
        case garbage
    }

    /// As it was asked for, `sim/` included if it was.
    package var name: String
    /// What the answer is made of.
    package var word: Word
    /// Tokens of text; calls and JSON are as long as they are.
    package var tokens = 200
    /// Between two tokens; `nil`: not given.
    package var interval: UInt64?
    /// Before the head and the first token; `nil`: not given.
    package var firstToken: UInt64?
    /// `nil`: the request's seed, or one made from what the user said.
    package var seed: UInt64?
    /// How writes are cut up, if they are.
    package var split: Split?
    /// Between the pieces of `split`.
    package var splitPause: UInt64 = 100
    /// By the number of tokens before each.
    package var faults: [(position: Int, fault: Fault)] = []
    /// Leaves `[DONE]` out.
    package var omitsDone = false
    /// Answers with this status instead, at once.
    package var status: Int?
    /// `Retry-After` of a 429 or 503, in seconds.
    package var retryAfter = 2
    /// Faults come only in each so-manieth request of this model.
    package var every = 1

    /// In force where nothing is given.
    package static let defaultInterval: UInt64 = 20_000
    /// In force where nothing is given.
    package static let defaultFirstToken: UInt64 = 300_000

    /// Nothing but a word.
    package init(_ word: Word) { (self.word, name) = (word, word.rawValue) }

    /// Whether the request of this number, from 1, meets the faults.
    package func isFaulty(request number: Int) -> Bool { number % every == 0 }

    /// Two models are equal when they behave alike and are called alike.
    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.word == right.word && left.tokens == right.tokens
            && left.interval == right.interval && left.firstToken == right.firstToken && left.seed == right.seed
            && left.split == right.split && left.splitPause == right.splitPause
            && left.faults.elementsEqual(right.faults, by: ==) && left.omitsDone == right.omitsDone
            && left.status == right.status && left.retryAfter == right.retryAfter && left.every == right.every
    }
}
