import FreshetPartialJSON

/// One event as a native reader gets it.
public struct NativeEvent: Equatable, Sendable {
    /// Number of the first event it stands for; equals `sequence` unless deltas were merged.
    public var first: UInt64
    /// Number of the event; of the last one it stands for where deltas were merged.
    public var sequence: UInt64
    /// Nil for a type this version does not know: it is to be passed over.
    public var event: GenerationEvent?

    /// Reads the native JSON form.
    ///
    /// - Throws: When the text is no JSON object with `type` and `seq`, or a known type lacks a field it needs.
    public init(parsing text: Span<UInt8>) throws(NativeEventError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: text) } catch { throw .notJSON }
        guard let type = value["type"]?.stringValue else { throw .missing("type") }
        guard let sequence = value["seq"]?.intValue, sequence > 0 else { throw .missing("seq") }
        self.sequence = UInt64(sequence)
        let from = value["from"]?.intValue ?? sequence
        guard (1...sequence).contains(from) else { throw .missing("from") }
        first = UInt64(from)
        event = try NativeEventReader(value: value).event(type)
    }
}

/// Why a native event could not be read.
public enum NativeEventError: Error, Equatable {
    case notJSON
    /// The field that is missing or of another type than it should be.
    case missing(String)
}

/// Reads the members of one event's object.
struct NativeEventReader {
    let value: JSONValue

    func event(_ type: String) throws(NativeEventError) -> GenerationEvent? {
        for kind in BlockKind.allCases {
            switch type {
            case kind.wire + "-start":
                var start = BlockStart(block: try int("block"), kind: kind, choice: value["choice"]?.intValue ?? 0)
                if kind == .toolInput {
                    start.callID = value["call_id"]?.stringValue ?? ""
                    start.name = value["name"]?.stringValue ?? ""
                    start.isProviderExecuted = value["provider_executed"]?.boolValue ?? false
                }
                return .blockStart(start)
            case kind.wire + "-delta":
                return .blockDelta(block: try int("block"), kind: kind, text: try string("delta"))
            case kind.wire + "-end": return .blockEnd(block: try int("block"), kind: kind)
            default: continue
            }
        }
        return try other(type)
    }

    private func other(_ type: String) throws(NativeEventError) -> GenerationEvent? {
        switch type {
        case "generation-start":
            guard let id = GenerationID(try string("id")) else { throw .missing("id") }
            return .generationStart(
                GenerationStart(
                    id: id, model: try string("model"), createdMilliseconds: UInt64(max(0, try int("created_ms")))))
        case "attempt":
            return .attempt(
                Attempt(
                    route: try string("route"), providerModel: value["provider_model"]?.stringValue,
                    providerID: value["provider_id"]?.stringValue,
                    providerCreated: value["provider_created"]?.intValue.map { Int64($0) }))
        case "finish":
            return .finish(
                choice: value["choice"]?.intValue ?? 0, reason: FinishReason(wire: try string("finish_reason")))
        case "signature": return try signature()
        case "citation":
            return .citation(
                block: try int("block"),
                Citation(
                    url: value["url"]?.stringValue, title: value["title"]?.stringValue,
                    text: value["text"]?.stringValue, start: value["start"]?.intValue, end: value["end"]?.intValue))
        case "file":
            return .file(
                GeneratedFile(
                    mediaType: try string("media_type"), data: value["data"]?.stringValue ?? "",
                    url: value["url"]?.stringValue))
        case "usage": return .usage(usage(value["usage"]) ?? Usage())
        case "progress":
            return .progress(fraction: value["progress"]?.doubleValue, status: value["status"]?.stringValue ?? "")
        case "tool-output":
            return .toolOutput(callID: try string("call_id"), result: value["result"]?.bytes ?? Array("null".utf8))
        case "notice": return .notice(code: try string("code"), message: try string("message"))
        case "foreign":
            guard let dialect = DialectName(rawValue: try string("dialect")) else { return nil }
            return .foreign(dialect: dialect, name: try string("name"), bytes: Array(try string("data").utf8))
        case "generation-end": return .generationEnd(try end())
        default: return nil
        }
    }

    /// Nil for one of a dialect that this version does not know.
    private func signature() throws(NativeEventError) -> GenerationEvent? {
        let block = try int("block")
        guard let dialect = DialectName(rawValue: try string("dialect")) else { return nil }
        let isRedacted = value["redacted"]?.boolValue ?? false
        let signature = Signature(dialect: dialect, value: try string("signature"), isRedacted: isRedacted)
        return .signature(block: block, signature)
    }

    private func end() throws(NativeEventError) -> GenerationEnd {
        guard let outcome = Outcome(rawValue: try string("outcome")) else { throw .missing("outcome") }
        var end = GenerationEnd(outcome: outcome, usage: usage(value["usage"]))
        end.finishReason = value["finish_reason"]?.stringValue.map { FinishReason(wire: $0) }
        if let sums = value["checksums"]?.arrayValue { end.checksums = try checksums(sums) }
        if let error = value["error"], let code = error["code"]?.stringValue {
            end.failure = GenerationFailure(
                code: .init(code), message: error["message"]?.stringValue ?? "",
                isRetryable: error["retryable"]?.boolValue ?? false, parameter: error["param"]?.stringValue)
        }
        return end
    }

    private func checksums(_ values: [JSONValue]) throws(NativeEventError) -> [UInt32] {
        var sums: [UInt32] = []
        for value in values {
            guard let digits = value.stringValue, digits.utf8.count == 8, let sum = UInt32(digits, radix: 16) else {
                throw .missing("checksums")
            }
            sums.append(sum)
        }
        return sums
    }

    private func usage(_ value: JSONValue?) -> Usage? {
        guard let value, value.objectValue != nil else { return nil }
        var usage = Usage()
        usage.inputTokens = value["input_tokens"]?.intValue.map { Int64($0) }
        usage.outputTokens = value["output_tokens"]?.intValue.map { Int64($0) }
        usage.cachedInputTokens = value["cached_input_tokens"]?.intValue.map { Int64($0) }
        usage.cacheWriteTokens = value["cache_write_tokens"]?.intValue.map { Int64($0) }
        usage.reasoningTokens = value["reasoning_tokens"]?.intValue.map { Int64($0) }
        usage.isEstimate = value["estimated"]?.boolValue ?? false
        return usage
    }

    private func string(_ name: String) throws(NativeEventError) -> String {
        guard let string = value[name]?.stringValue else { throw .missing(name) }
        return string
    }

    private func int(_ name: String) throws(NativeEventError) -> Int {
        guard let int = value[name]?.intValue, int >= 0 else { throw .missing(name) }
        return int
    }
}
