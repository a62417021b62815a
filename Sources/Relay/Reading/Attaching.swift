public import FreshetGeneration

/// Decides what becomes of a reader that asks for a generation's events behind some number.
public enum Attaching: Equatable, Sendable {
    /// It reads on behind this number.
    case follow(after: UInt64)
    /// It has the end already.
    case complete
    /// It names an event that is not there yet.
    case ahead(last: UInt64)

    /// - Parameters:
    ///   - sequence: Number of the last event that the reader has; 0 for none.
    ///   - last: Number of the last event there is.
    ///   - hasEnded: Whether that one is the generation's end.
    public init(after sequence: UInt64, last: UInt64, hasEnded: Bool) {
        if sequence > last {
            self = .ahead(last: last)
        } else {
            self = hasEnded && sequence == last ? .complete : .follow(after: sequence)
        }
    }
}

/// Why a generation is not there.
public enum Absence: Equatable, Sendable {
    /// There was none, as far as anybody can tell.
    case unknown
    /// It is so old that it would not be kept.
    case gone

    /// - Parameters:
    ///   - generation: Its id carries the time of its beginning.
    ///   - now: Unix ms.
    ///   - retention: How long anything is kept at most, in ms.
    public init(of generation: GenerationID, at now: UInt64, retention: UInt64) {
        let (age, isAhead) = now.subtractingReportingOverflow(generation.milliseconds)
        self = !isAhead && age > retention ? .gone : .unknown
    }
}
