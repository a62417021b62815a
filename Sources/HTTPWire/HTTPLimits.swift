/// What a decoder accepts from a peer, in bytes unless said otherwise. Past a limit it throws and stays failed.
public struct HTTPLimits: Equatable, Sendable {
    /// One whole head: first line, fields and the blank line. Past it `headTooLarge` (431).
    public var headBytes = 64 << 10
    /// The target of a request. Past it `targetTooLong` (414).
    public var targetBytes = 16 << 10
    /// Fields in one head, and in one set of trailers. Past it `tooManyFields` (431).
    public var fieldCount = 128
    /// One chunk's size line with its extensions and line end. Past it `chunkLineTooLong` (400).
    public var chunkLineBytes = 256
    /// All fields behind the last chunk. Past it `trailersTooLarge` (431).
    public var trailerBytes = 8 << 10
    /// Interim (1xx) responses before one final response. Past it `tooManyInterimResponses`.
    public var interimCount = 16

    /// The defaults.
    public init() {}
}
