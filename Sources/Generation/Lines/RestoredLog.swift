/// A log being put together from its lines, in the order in which they were written.
public struct RestoredLog: Sendable {
    /// What became of a line.
    public enum Step: Equatable, Sendable {
        case applied
        /// All of it was there already: it was written again after a failure.
        case repeated
        /// Events before it are missing; it was left out.
        case gap(after: UInt64)
    }

    /// Whose it is.
    public let generation: GenerationID
    /// As it was but for what was never written.
    public private(set) var log = GenerationLog()
    /// Nil when the first line is lost.
    public private(set) var origin: GenerationOrigin?
    /// Number of the last event that any line told of: behind a gap, more than the log has.
    public private(set) var lastSeen: UInt64 = 0
    /// The last event; nil when none was restored.
    public private(set) var end: GenerationEnd?
    private var lastExtras: Extras?

    /// Nothing restored yet.
    public init(generation: GenerationID) { self.generation = generation }

    /// Whether events are missing that a reader may have seen.
    public var hasGap: Bool { lastSeen > log.lastSequence }

    /// Takes the next line of this generation.
    @discardableResult
    public mutating func apply(_ line: LogLine) -> Step {
        let known = log.lastSequence
        guard line.first <= known + 1 else {
            lastSeen = max(lastSeen, line.last)
            return .gap(after: known)
        }
        if line.origin != nil { origin = line.origin }
        let extras = extras(of: line)
        guard line.last > known, end == nil else { return .repeated }
        append(line, extras, skipping: Int(known + 1 - line.first))
        lastSeen = max(lastSeen, log.lastSequence)
        return .applied
    }

    private mutating func extras(of line: LogLine) -> Extras? {
        switch line.extras {
        case .none: return nil
        case .same: return lastExtras
        case .these(let extras):
            if extras.isConstant { lastExtras = extras }
            return extras
        }
    }

    private mutating func append(_ line: LogLine, _ extras: Extras?, skipping known: Int) {
        switch line.content {
        case .event(let event):
            if case .generationEnd(let end) = event { self.end = end }
            log.append(event, extras: extras, endsFrame: line.endsFrame)
        case .deltas(let block, let kind, let text, let ends):
            var start = known == 0 ? 0 : Int(ends[known - 1])
            for end in ends[known...] {
                log.appendDelta(block: block, kind: kind, extras: extras, endsFrame: line.endsFrame) {
                    $0 += text[start..<Int(end)]
                }
                start = Int(end)
            }
        }
    }
}
