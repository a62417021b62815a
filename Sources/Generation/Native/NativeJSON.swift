import FreshetPartialJSON

/// The native JSON form of events: one object each, on one line.
///
/// ```
/// {"type":"text-delta","seq":4,"block":0,"delta":"Hel"}
/// ```
public enum NativeJSON {
    /// Appends one event as the log lends it. A merged delta carries `from`, the first event it stands for.
    public static func append(_ item: LoggedEvent, _ payload: Span<UInt8>, to out: inout [UInt8]) {
        switch item.body {
        case .delta(let block, let kind):
            out += "{\"type\":\"".utf8
            out += kind.wire.utf8
            out += "-delta\",\"seq\":".utf8
            out.appendJSON(integer: item.last)
            if item.first != item.last {
                out += ",\"from\":".utf8
                out.appendJSON(integer: item.first)
            }
            out += ",\"block\":".utf8
            out.appendJSON(integer: block)
            out += ",\"delta\":\"".utf8
            out.appendJSON(stringContent: payload)
            out += "\"}".utf8
        case .event(let event): append(event, item.last, to: &out)
        }
    }

    private static func append(_ event: GenerationEvent, _ sequence: UInt64, to out: inout [UInt8]) {
        switch event {
        case .generationStart(let start):
            open("generation-start", sequence, &out)
            member("id", String(describing: start.id), &out)
            member("model", start.model, &out)
            out += ",\"created_ms\":\(start.createdMilliseconds),\"freshet\":1".utf8
        case .attempt(let attempt):
            open("attempt", sequence, &out)
            member("route", attempt.route, &out)
            if let model = attempt.providerModel { member("provider_model", model, &out) }
            if let id = attempt.providerID { member("provider_id", id, &out) }
            if let created = attempt.providerCreated { out += ",\"provider_created\":\(created)".utf8 }
        case .blockStart(let start): append(start, sequence, &out)
        case .blockDelta(let block, let kind, let text):
            out += "{\"type\":\"\(kind.wire)-delta\",\"seq\":\(sequence),\"block\":\(block)".utf8
            member("delta", text, &out)
        case .blockEnd(let block, let kind):
            out += "{\"type\":\"\(kind.wire)-end\",\"seq\":\(sequence),\"block\":\(block)".utf8
        case .signature(let block, let signature):
            open("signature", sequence, &out)
            out += ",\"block\":\(block)".utf8
            append(signature, to: &out)
        case .citation(let block, let citation):
            open("citation", sequence, &out)
            out += ",\"block\":\(block)".utf8
            append(citation, to: &out)
        case .file(let file):
            open("file", sequence, &out)
            append(file, to: &out)
        case .finish(let choice, let reason):
            open("finish", sequence, &out)
            if choice != 0 { out += ",\"choice\":\(choice)".utf8 }
            member("finish_reason", reason.wire, &out)
        case .usage(let usage):
            open("usage", sequence, &out)
            out += ",\"usage\":".utf8
            append(usage, to: &out)
        case .progress(let fraction, let status):
            open("progress", sequence, &out)
            out += ",\"progress\":".utf8
            JSONValue(fraction).write(into: &out)
            member("status", status, &out)
        case .toolOutput(let callID, let result):
            open("tool-output", sequence, &out)
            member("call_id", callID, &out)
            out += ",\"result\":".utf8
            out.appendJSONOnOneLine(result)
        case .notice(let code, let message):
            open("notice", sequence, &out)
            member("code", code, &out)
            member("message", message, &out)
        case .foreign(let dialect, let name, let bytes):
            open("foreign", sequence, &out)
            member("dialect", dialect.rawValue, &out)
            member("name", name, &out)
            out += ",\"data\":".utf8
            out.appendJSON(string: bytes.span)
        case .generationEnd(let end): append(end, sequence, &out)
        }
        out.append(0x7D)
    }

    private static func append(_ start: BlockStart, _ sequence: UInt64, _ out: inout [UInt8]) {
        out += "{\"type\":\"\(start.kind.wire)-start\",\"seq\":\(sequence),\"block\":\(start.block)".utf8
        if start.choice != 0 { out += ",\"choice\":\(start.choice)".utf8 }
        guard start.kind == .toolInput else { return }
        member("call_id", start.callID, &out)
        member("name", start.name, &out)
        if start.isProviderExecuted { out += ",\"provider_executed\":true".utf8 }
    }

    /// Appends `,"dialect":…,"signature":…`, and `,"redacted":true` where it is.
    package static func append(_ signature: Signature, to out: inout [UInt8]) {
        member("dialect", signature.dialect.rawValue, &out)
        member("signature", signature.value, &out)
        if signature.isRedacted { out += ",\"redacted\":true".utf8 }
    }

    /// Appends `,"media_type":…` and `,"data":…` or `,"url":…`.
    package static func append(_ file: GeneratedFile, to out: inout [UInt8]) {
        member("media_type", file.mediaType, &out)
        if let url = file.url { member("url", url, &out) } else { member("data", file.data, &out) }
    }

    /// Appends the members that are known, each behind a comma.
    package static func append(_ citation: Citation, to out: inout [UInt8]) {
        if let url = citation.url { member("url", url, &out) }
        if let title = citation.title { member("title", title, &out) }
        if let text = citation.text { member("text", text, &out) }
        if let start = citation.start { out += ",\"start\":\(start)".utf8 }
        if let end = citation.end { out += ",\"end\":\(end)".utf8 }
    }

    private static func append(_ end: GenerationEnd, _ sequence: UInt64, _ out: inout [UInt8]) {
        open("generation-end", sequence, &out)
        member("outcome", end.outcome.rawValue, &out)
        if let reason = end.finishReason { member("finish_reason", reason.wire, &out) }
        if let usage = end.usage {
            out += ",\"usage\":".utf8
            append(usage, to: &out)
        }
        if !end.checksums.isEmpty {
            out += ",\"checksums\":".utf8
            append(checksums: end.checksums, to: &out)
        }
        guard let failure = end.failure else { return }
        out += ",\"error\":".utf8
        append(failure, to: &out)
    }

    /// Appends `["cbf43926",…]`: each as eight hexadecimal digits.
    public static func append(checksums: [UInt32], to out: inout [UInt8]) {
        out.append(0x5B)
        for (place, sum) in checksums.enumerated() {
            out += (place > 0 ? ",\"" : "\"").utf8
            for digit in 0..<8 {
                let value = UInt8(truncatingIfNeeded: sum >> UInt32(28 - 4 * digit)) & 15
                out.append(value < 10 ? value + 0x30 : value + 0x57)
            }
            out.append(0x22)
        }
        out.append(0x5D)
    }

    /// Appends `{"code":…,"message":…,"retryable":…}`, with `param` when a field is at fault.
    public static func append(_ failure: GenerationFailure, to out: inout [UInt8]) {
        out += "{\"code\":".utf8
        out.appendJSON(string: failure.code.name)
        member("message", failure.message, &out)
        out += ",\"retryable\":\(failure.isRetryable)".utf8
        if let parameter = failure.parameter { member("param", parameter, &out) }
        out.append(0x7D)
    }

    /// Appends `{"input_tokens":…,…}` with the fields that are known; `null` when there is no usage at all.
    public static func append(_ usage: Usage?, to out: inout [UInt8]) {
        guard let usage else {
            out += "null".utf8
            return
        }
        let fields = [
            ("input_tokens", usage.inputTokens), ("output_tokens", usage.outputTokens),
            ("cached_input_tokens", usage.cachedInputTokens), ("cache_write_tokens", usage.cacheWriteTokens),
            ("reasoning_tokens", usage.reasoningTokens),
        ]
        out.append(0x7B)
        for case (let name, let count?) in fields {
            if out.last != 0x7B { out.append(0x2C) }
            out += "\"\(name)\":\(count)".utf8
        }
        if usage.isEstimate { out += (out.last == 0x7B ? "\"estimated\":true" : ",\"estimated\":true").utf8 }
        out.append(0x7D)
    }

    private static func open(_ type: StaticString, _ sequence: UInt64, _ out: inout [UInt8]) {
        out += "{\"type\":\"".utf8
        out.appendJSON(raw: type)
        out += "\",\"seq\":".utf8
        out.appendJSON(integer: sequence)
    }

    private static func member(_ name: StaticString, _ value: String, _ out: inout [UInt8]) {
        out += ",\"".utf8
        out.appendJSON(raw: name)
        out += "\":".utf8
        out.appendJSON(string: value)
    }
}

extension [UInt8] {
    /// Appends raw JSON with its line ends, which can only stand between tokens, as blanks.
    package mutating func appendJSONOnOneLine(_ raw: [UInt8]) {
        let start = count
        self += raw
        for position in start..<count where self[position] == 0x0A || self[position] == 0x0D { self[position] = 0x20 }
    }
}

extension JSONValue {
    /// A number; null for nil and for what JSON cannot say.
    package init(_ double: Double?) {
        self = double.flatMap { JSONNumber($0) }.map { .number($0) } ?? .null
    }
}
