import FreshetHTTPWire

/// Both parsers' reading of one input.
struct Comparison {
    enum Verdict {
        case same
        case bothRefuse
        /// We refuse what it accepts, for a reason that is listed.
        case stricter(String)
        /// We accept what it refuses, for a reason that is listed.
        case laxer(String)
        case fault(String)
    }

    private(set) var verdict = Verdict.same
    private(set) var acceptedMessages = 0

    init(_ input: [UInt8], _ plan: [Range<Int>], _ methods: [String]?, _ library: HTTPParserLibrary) {
        let own = OwnParse(input, cut: plan, responsesTo: methods)
        let oracle = OracleParse(library, responsesTo: methods)
        for piece in plan { oracle.receive(input[piece]) }
        if methods != nil { oracle.finish() }
        verdict = judge(own, oracle)
        if case .fault(let text) = verdict {
            let told = String(decoding: input, as: UTF8.self).debugDescription
            verdict = .fault("\(text)\n  input \(told) cut \(plan.map(\.upperBound)) answering \(methods ?? [])")
        }
    }

    private mutating func judge(_ own: OwnParse, _ oracle: OracleParse) -> Verdict {
        for (index, message) in own.messages.enumerated() {
            guard index < oracle.messages.count, oracle.messages[index].isHeadWhole else {
                return lenient(message, oracle, own) ?? .fault("only we have message \(index): \(message)")
            }
            let (ours, theirs) = (message.normalised, oracle.messages[index].normalised)
            if ours != theirs {
                if let rule = Strictness.ofEnd(message, oracle.messages[index]) {
                    return ours.keepsConnection ? .laxer(rule) : .stricter(rule)
                }
                if let rule = Strictness.ofNames(message) { return .laxer(rule) }
                if !theirs.isWhole, oracle.refusal != nil, let verdict = lenient(message, oracle, own) {
                    return verdict
                }
                if !ours.isWhole, own.error != nil, ours.isBeginning(of: theirs) { break }
                return .fault("message \(index) differs\n  ours   \(ours)\n  theirs \(theirs)")
            }
            acceptedMessages += message.isWhole ? 1 : 0
            // Nothing counts behind a message that ends its connection.
            if message.isWhole, !message.keepsConnection, !message.isInterim { return .same }
        }
        guard let error = own.error, !hasNothingMore(own, oracle) else {
            let extra = oracle.messages.dropFirst(own.messages.count).first { $0.isHeadWhole }
            return extra.map { .fault("only http_parser has \($0)") } ?? .same
        }
        if oracle.refusal != nil { return .bothRefuse }
        return Strictness.reason(error).map { .stricter($0) } ?? .fault("only we refuse: \(error)")
    }

    /// Whether the connection ended where the next response would have begun: not a fault of the bytes.
    private func hasNothingMore(_ own: OwnParse, _ oracle: OracleParse) -> Bool {
        own.error == .truncated && oracle.refusal == nil && own.messages.allSatisfy(\.isWhole)
            && own.messages.count == oracle.messages.count
    }

    /// Why we may accept what `http_parser` refuses.
    private func lenient(_ message: SeenMessage, _ oracle: OracleParse, _ own: OwnParse) -> Verdict? {
        guard let refusal = oracle.refusal else { return nil }
        return Strictness.leniency(message, refusal).map { .laxer($0) }
    }
}
