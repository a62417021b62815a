import FreshetPartialJSON

/// Writes a log as lines, from which `RestoredLog` makes the same log again.
///
/// A line is the native form of an event with members of its own behind:
///
/// ```
/// {"type":"text-delta","seq":5,"from":3,"block":0,"delta":"Hello w",  several deltas of one run: one line
///  "ends":[3,5,7],              where each ends in the delta, in bytes; absent for one delta
///  "extras":{"dialect":"openai-chat","data":"…"},  `hex` where a string cannot hold the bytes; "constant":false
///  "extras":"same",             those of the line before that had any
///  "frame":false,               the provider's frame does not end here
///  "generation":"gen_…","sum":"89abcdef"}␊
/// ```
/// The first line carries `origin` besides. Where the native form says less than the event does, `exact` has its bytes.
public struct LogLineWriter: Sendable {
    /// Deltas of one line have at most so many bytes together, unless a single one has more.
    private static let lineBytes = 256 << 10

    /// Number of the last event written; 0 for none.
    public var lastSequence: UInt64 { cursor.next - 1 }
    private var cursor: LogCursor
    private var lastExtras: Extras?
    private let fixed: Fixed

    /// What never changes, in one place: a copy of the writer, made each turn, shares it.
    private final class Fixed: Sendable {
        let origin: GenerationOrigin?
        /// What every line ends with, before its sum.
        let tail: [UInt8]

        init(_ origin: GenerationOrigin?, _ tail: [UInt8]) { (self.origin, self.tail) = (origin, tail) }
    }

    /// - Parameters:
    ///   - generation: The log's.
    ///   - origin: Written with event 1.
    ///   - sequence: The last event that is written already.
    public init(generation: GenerationID, origin: GenerationOrigin?, after sequence: UInt64 = 0) {
        cursor = LogCursor(after: sequence)
        var tail: [UInt8] = []
        tail.appendJSON(raw: ",\"generation\":\"")
        generation.append(to: &tail)
        tail.append(0x22)
        fixed = Fixed(origin, tail)
    }

    /// Appends what readers may see and was not written yet.
    ///
    /// - Parameters:
    ///   - log: Nothing of it that is not written yet may have been forgotten.
    ///   - limit: Stops behind the line that makes it so many bytes.
    ///   - out: Grows by whole lines.
    public mutating func append(from log: GenerationLog, limit: Int = .max, to out: inout [UInt8]) {
        let begin = out.count
        var cursor = cursor
        while out.count &- begin < limit,
            log.readWithEnds(&cursor, merge: Self.lineBytes, { line($0, $1, $2, $3, &out) })
        {}
        self.cursor = cursor
    }

    private mutating func line(
        _ item: LoggedEvent, _ text: Span<UInt8>, _ ends: Span<UInt32>, _ base: UInt32, _ out: inout [UInt8]
    ) {
        let start = out.count
        var exact: [UInt8]?
        switch item.body {
        case .delta: NativeJSON.append(item, text, to: &out)
        case .event(let event):
            let said = Self.sayable(event, &exact)
            NativeJSON.append(LoggedEvent(first: item.first, last: item.last, body: .event(said)), text, to: &out)
        }
        out.removeLast()
        if let exact { appendExact(exact, &out) }
        if ends.count > 1 { append(ends, base, &out) }
        if let extras = item.extras { append(extras, &out) }
        if !item.endsFrame { out.appendJSON(raw: ",\"frame\":false") }
        if case .event(let event) = item.body { appendBeside(event, &out) }
        let tail = fixed.tail
        out.appendJSON(raw: tail.span)
        LineSum.close(&out, from: start)
    }

    private func append(_ ends: Span<UInt32>, _ base: UInt32, _ out: inout [UInt8]) {
        out.appendJSON(raw: ",\"ends\":[")
        for place in 0..<ends.count {
            if place > 0 { out.append(0x2C) }
            out.appendJSON(integer: UInt64(ends[place] &- base))
        }
        out.append(0x5D)
    }

    private mutating func append(_ extras: Extras, _ out: inout [UInt8]) {
        if extras.isConstant, extras == lastExtras { return out.appendJSON(raw: ",\"extras\":\"same\"") }
        if extras.isConstant { lastExtras = extras }
        out.appendJSON(raw: ",\"extras\":{\"dialect\":")
        out.appendJSON(string: extras.dialect.rawValue)
        out.append(0x2C)
        out.appendExact(extras.bytes)
        if !extras.isConstant { out.appendJSON(raw: ",\"constant\":false") }
        out.append(0x7D)
    }

    private func appendExact(_ bytes: [UInt8], _ out: inout [UInt8]) {
        out.appendJSON(raw: ",\"exact\":{")
        out.appendExact(bytes)
        out.append(0x7D)
    }

    private func appendBeside(_ event: GenerationEvent, _ out: inout [UInt8]) {
        switch event {
        case .generationStart:
            guard let origin = fixed.origin else { return }
            out.appendJSON(raw: ",\"origin\":")
            origin.append(to: &out)
        case .generationEnd(let end):
            if end.failure?.isProvidersWord == true { out.appendJSON(raw: ",\"providers_word\":true") }
        default: return
        }
    }

    /// The event as the native form can say it; what it cannot say goes into `exact`.
    private static func sayable(_ event: GenerationEvent, _ exact: inout [UInt8]?) -> GenerationEvent {
        switch event {
        case .foreign(let dialect, let name, let bytes) where !WTF8.survivesJSON(bytes.span):
            exact = bytes
            return .foreign(dialect: dialect, name: name, bytes: [])
        case .toolOutput(let callID, let result) where !isOneLine(result):
            exact = result
            return .toolOutput(callID: callID, result: Array("null".utf8))
        default: return event
        }
    }

    /// Whether raw JSON can stand in a line as it is.
    private static func isOneLine(_ raw: [UInt8]) -> Bool {
        guard let first = raw.first, let last = raw.last, first > 0x20, last > 0x20 else { return false }
        guard !raw.contains(0x0A), !raw.contains(0x0D) else { return false }
        var limits = JSONLimits()
        limits.depth -= 8
        var tokenizer = JSONTokenizer(limits: limits)
        do {
            while try tokenizer.next(in: raw.span) != .end {}
            return true
        } catch { return false }
    }
}

extension GenerationOrigin {
    /// Appends it as an object. The request goes along as a string: its nesting may be as deep as a reader allows.
    func append(to out: inout [UInt8]) {
        out.appendJSON(raw: "{\"owner\":")
        out.appendJSON(string: owner)
        if let parent {
            out.appendJSON(raw: ",\"parent\":\"")
            parent.append(to: &out)
            out.append(0x22)
        }
        if let idempotency {
            out.appendJSON(raw: ",\"key\":")
            out.appendJSON(string: idempotency.key)
            out.appendJSON(raw: ",\"path\":")
            out.appendJSON(string: idempotency.path)
            out.appendJSON(raw: ",\"digest\":\"")
            out.appendHex(idempotency.digest.span)
            out.append(0x22)
        }
        out.appendJSON(raw: ",\"dialect\":")
        out.appendJSON(string: dialect)
        if runsToEnd { out.appendJSON(raw: ",\"runs_to_end\":true") }
        if !request.isEmpty {
            out.appendJSON(raw: ",\"request\":{")
            out.appendExact(request)
            out.append(0x7D)
        }
        out.append(0x7D)
    }
}
