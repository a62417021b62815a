import FreshetGeneration
import FreshetPartialJSON

extension Seen {
    /// The event in a few letters, for tables: `text+0`, `text0 Hel`, `text-0`, `finish0 stop`; a `.` ends a frame.
    var script: String {
        let name: String
        switch event {
        case nil: name = delta.map { "\($0.kind.wire)\($0.block) \(String(replacingSurrogatesOf: $0.bytes))" } ?? ""
        case .generationStart: name = "start"
        case .attempt(let attempt): name = "attempt \(attempt.providerModel ?? "-") \(attempt.providerID ?? "-")"
        case .blockStart(let start):
            let call = start.kind == .toolInput ? " \(start.callID) \(start.name)" : ""
            name = "\(start.kind.wire)+\(start.block)" + (start.choice == 0 ? "" : "@\(start.choice)") + call
        case .blockDelta(let block, let kind, let text): name = "\(kind.wire)\(block) \(text)"
        case .blockEnd(let block, let kind): name = "\(kind.wire)-\(block)"
        case .finish(let choice, let reason): name = "finish\(choice) \(reason.wire)"
        case .usage(let usage): name = "usage \(usage.inputTokens ?? -1) \(usage.outputTokens ?? -1)"
        case .signature, .citation, .file, .progress, .toolOutput, .notice: name = "aside"
        case .foreign: name = "carrier"
        case .generationEnd(let end): name = "end \(end.outcome.rawValue)"
        }
        return name + (endsFrame ? "." : "")
    }
}

extension DecodedAnswer {
    /// Events between the first and the last, one line a frame.
    var script: [String] {
        var frames = [""]
        for seen in events.dropFirst().dropLast() {
            frames[frames.count - 1] += (frames[frames.count - 1].isEmpty ? "" : "; ") + seen.script
            if seen.endsFrame { frames.append("") }
        }
        return frames.dropLast()
    }
}
