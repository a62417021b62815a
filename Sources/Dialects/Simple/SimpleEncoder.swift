public import FreshetGeneration
import FreshetPartialJSON

/// Writes a generation for a front end of ten lines: `text`, `thinking`, `tool_call` once it is complete,
/// `tool_result`, `citation`, `file`, `progress`, and exactly one `done` or `error`.
///
/// Each frame's id is the event's cursor, `gen_…:seq`.
public struct SimpleEncoder: StreamEncoder {
    /// A tool call whose arguments are still coming.
    private struct Call {
        var block: Int
        var id: String
        var name: String
        var isProviderExecuted: Bool
        var arguments: [UInt8] = []

        init(_ start: BlockStart, arguments: [UInt8] = []) {
            (block, id, name) = (start.block, start.callID, start.name)
            (isProviderExecuted, self.arguments) = (start.isProviderExecuted, arguments)
        }
    }

    /// As it was made.
    public let framing: Framing
    private let isNamed: Bool
    private let generation: GenerationID
    private var calls: [Call] = []
    private var usage: Usage?
    private var finish: FinishReason?

    /// - Parameters:
    ///   - generation: What the frames' ids begin with.
    ///   - framing: Event names need server-sent events; JSON lines carry the id as a member.
    ///   - isNamed: `?events=named`: each frame has an event name of its own, `token` for text and `failure` for an
    ///     error (a browser fires `error` itself when the connection is lost).
    public init(generation: GenerationID, framing: Framing = .eventStream, isNamed: Bool = false) {
        (self.generation, self.framing, self.isNamed) = (generation, framing, isNamed)
    }

    /// An encoder that goes on behind the events that `fold` holds.
    public init(
        generation: GenerationID, framing: Framing = .eventStream, isNamed: Bool = false, resuming fold: GenerationFold
    ) {
        self.init(generation: generation, framing: framing, isNamed: isNamed)
        for block in fold.blocks where block.start.kind == .toolInput && block.isOpen {
            calls.append(Call(block.start, arguments: block.bytes))
        }
        usage = fold.usage
        finish = fold.finishes.first { $0.choice == 0 }?.reason
    }

    /// Always: a failure is told by an `error` frame.
    public func endsCleanly(after outcome: Outcome) -> Bool { true }

    /// One frame for each delta of text or reasoning; a tool call's deltas are kept until it is complete.
    public mutating func encode(_ item: LoggedEvent, _ payload: Span<UInt8>, into out: inout [UInt8]) {
        switch item.body {
        case .delta(let block, .toolInput):
            guard let place = calls.firstIndex(where: { $0.block == block }) else { return }
            WTF8.append(payload, to: &calls[place].arguments)
        case .delta(_, let kind):
            open(kind == .reasoning ? "thinking" : "text", item.last, &out)
            out += ",\"content\":\"".utf8
            out.appendJSON(stringContent: payload)
            out.append(0x22)
            close(&out)
        case .event(let event): take(event, item.last, &out)
        }
    }

    private mutating func take(_ event: GenerationEvent, _ sequence: UInt64, _ out: inout [UInt8]) {
        switch event {
        case .blockStart(let start):
            if start.kind == .toolInput { calls.append(Call(start)) }
        case .citation(_, let citation):
            open("citation", sequence, &out)
            NativeJSON.append(citation, to: &out)
            close(&out)
        case .file(let file):
            open("file", sequence, &out)
            NativeJSON.append(file, to: &out)
            close(&out)
        case .blockEnd(let block, .toolInput): endCall(block, sequence, &out)
        case .finish(0, let reason): finish = reason
        case .usage(let report): merge(report)
        case .toolOutput(let callID, let result):
            open("tool_result", sequence, &out)
            appendCall(callID, &out)
            out += ",\"result\":".utf8
            out.appendJSONOnOneLine(result)
            close(&out)
        case .progress(let fraction, let status): progress(fraction, status, sequence, &out)
        case .generationEnd(let end): finish(end, sequence, &out)
        case .generationStart, .attempt, .blockDelta, .blockEnd, .signature, .finish, .notice,
            .foreign:
            break
        }
    }

    private mutating func merge(_ report: Usage) {
        var merged = usage ?? Usage()
        merged.merge(report)
        usage = merged
    }

    // MARK: Frames

    private mutating func endCall(_ block: Int, _ sequence: UInt64, _ out: inout [UInt8]) {
        guard let place = calls.firstIndex(where: { $0.block == block }) else { return }
        let call = calls.remove(at: place)
        open("tool_call", sequence, &out)
        appendCall(call.id, &out)
        out += ",\"tool\":".utf8
        out.appendJSON(string: call.name)
        out += ",\"params\":".utf8
        if call.arguments.isEmpty {
            out += "{}".utf8
        } else if (try? JSONValue(parsing: call.arguments)) != nil {
            out.appendJSONOnOneLine(call.arguments)
        } else {
            // Arguments that are no whole JSON (the answer was cut) are shown as they came, never repaired.
            out.appendJSON(string: call.arguments.span)
        }
        if call.isProviderExecuted { out += ",\"provider_executed\":true".utf8 }
        close(&out)
    }

    private func progress(_ fraction: Double?, _ status: String, _ sequence: UInt64, _ out: inout [UInt8]) {
        open("progress", sequence, &out)
        out += ",\"progress\":".utf8
        JSONValue(fraction).write(into: &out)
        out += ",\"status\":".utf8
        out.appendJSON(string: status)
        close(&out)
    }

    private mutating func finish(_ end: GenerationEnd, _ sequence: UInt64, _ out: inout [UInt8]) {
        if let report = end.usage { merge(report) }
        if let failure = end.failure {
            open("error", sequence, &out)
            out += ",\"message\":".utf8
            out.appendJSON(string: failure.message)
            out += ",\"code\":".utf8
            out.appendJSON(string: failure.code.name)
            out += ",\"retryable\":\(failure.isRetryable)".utf8
        } else {
            open("done", sequence, &out)
            out += ",\"finish_reason\":".utf8
            switch end.outcome {
            case .stopped: out.appendJSON(string: "stopped")
            case .overBudget: out.appendJSON(string: "length")
            case .finished, .failed, .interrupted:
                out.appendJSON(string: (end.finishReason ?? finish ?? .stop).wire)
            }
            out += ",\"usage\":".utf8
            NativeJSON.append(usage, to: &out)
        }
        close(&out)
    }

    private func open(_ type: StaticString, _ sequence: UInt64, _ out: inout [UInt8]) {
        switch framing {
        case .eventStream, .eventStreamCRLF:
            if isNamed {
                out += "event: ".utf8
                out.appendJSON(raw: Self.eventName(type))
                out.append(0x0A)
            }
            out += "id: ".utf8
            appendCursor(sequence, &out)
            out += "\ndata: {".utf8
        case .jsonLines, .jsonArray:
            out += "{\"id\":\"".utf8
            appendCursor(sequence, &out)
            out += "\",".utf8
        }
        out += "\"type\":\"".utf8
        out.appendJSON(raw: type)
        out.append(0x22)
    }

    /// The tool call a frame speaks of. On a line `id` is the frame's own, as it is the event's over SSE.
    private func appendCall(_ id: String, _ out: inout [UInt8]) {
        out += (framing.isEventStream ? ",\"id\":" : ",\"call_id\":").utf8
        out.appendJSON(string: id)
    }

    private func close(_ out: inout [UInt8]) {
        out += (framing.isEventStream ? "}\n\n" : "}\n").utf8
    }

    private func appendCursor(_ sequence: UInt64, _ out: inout [UInt8]) {
        generation.append(to: &out)
        out.append(0x3A)
        out.appendJSON(integer: sequence)
    }

    private static func eventName(_ type: StaticString) -> StaticString {
        switch type.description {
        case "text": "token"
        case "error": "failure"
        default: type
        }
    }
}
