package import FreshetGeneration

/// Keeps the entries of generations' logs, in order and once: whoever was replaced as a generation's producer, or lost
/// count, is refused. Confined to one loop.
///
/// Entries gather until `flush`, which keeps them all with one call to whatever is behind. A store that answers later
/// may say so: `onFlushed` is called when it knows, and nothing is appended until then.
package protocol LogStore: AnyObject {
    /// Called once for each `flush`, before that returns or later on the same loop: nil when everything appended since
    /// the last one is kept, else why nothing of it counts as kept.
    var onFlushed: ((StoreFailure?) -> Void)? { get set }

    /// Takes a generation over; whoever appends to it with a lower epoch is refused from now on.
    ///
    /// - Parameters:
    ///   - generation: New, or known from before.
    ///   - epoch: Not below that of whoever had it.
    ///   - sequence: The last event that is kept; 0 for none.
    /// - Throws: `staleEpoch`, and `unexpectedSequence` where the store knows of another last event.
    func open(_ generation: GenerationID, epoch: UInt64, after sequence: UInt64) throws(LogStoreRefusal)

    /// Takes entries for the next `flush`.
    ///
    /// - Parameters:
    ///   - generation: An open one.
    ///   - epoch: The one it was opened with.
    ///   - expectedSequence: Number of the first event among the entries.
    ///   - write: Appends lines of `LogLineWriter`, and returns the number of the last event.
    /// - Throws: When somebody else has taken the generation over, or the caller lost count; nothing was appended.
    func append(
        _ generation: GenerationID, epoch: UInt64, expectedSequence: UInt64, _ write: (inout [UInt8]) -> UInt64
    ) throws(LogStoreRefusal)

    /// Keeps what was appended.
    func flush()

    /// Nothing more comes of it, and it is kept elsewhere: its entries may go.
    func release(_ generation: GenerationID)
}

/// Why a store takes no entries of a generation.
package enum LogStoreRefusal: Error, Equatable, Sendable {
    /// Somebody else has taken it over, with this epoch.
    case staleEpoch(current: UInt64)
    /// The next event would have this number.
    case unexpectedSequence(expected: UInt64)
    /// It was not opened, or released.
    case notOpen
}
