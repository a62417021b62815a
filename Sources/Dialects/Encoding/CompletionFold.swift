public import FreshetGeneration

/// Gathers a generation into the body of a request that did not ask for a stream.
public protocol CompletionFold: Sendable {
    /// Folds one event. O(bytes).
    mutating func apply(_ item: LoggedEvent, _ payload: Span<UInt8>)
    /// The generation's end, once it was folded.
    var end: GenerationEnd? { get }
    /// The whole document; O(bytes).
    func body() -> [UInt8]
    /// Why it cannot be written although the generation succeeded: the provider finished with a word that means failure
    /// and that this dialect does not know.
    var failure: GenerationFailure? { get }
}
