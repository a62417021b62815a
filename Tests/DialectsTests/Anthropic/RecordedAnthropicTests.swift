import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The recorded Anthropic streams: decoded at every chunking, folded as the vendor's SDK does, and written as they came.
struct RecordedAnthropicTests {
    static let recordings = Recording.all("anthropic")
    /// Recordings with two messages, one spliced into the other: the vendor's SDK accumulates none of them.
    static let twice: Set<String> = [
        "anthropic/vercel-anthropic-tool-search-regex-1.ndjson", "anthropic/vercel-spliced-message-start.ndjson",
    ]
    static func decoded(_ recording: Recording, plan: [Range<Int>]? = nil) throws -> DecodedAnswer {
        try DecodedAnswer(body: recording.body, plan: plan, in: .anthropic)
    }

    @Test func allAreThere() {
        print("recorded Anthropic streams: \(Self.recordings.count), without a final \(Self.twice.count)")
        #expect(Corpus.root == nil || Self.recordings.count == 46)
        #expect(Set(Self.recordings.filter { $0.final == nil }.map(\.name)) == (Corpus.root == nil ? [] : Self.twice))
    }

    @Test(arguments: recordings)
    func chunkingNeverChangesTheEvents(_ recording: Recording) throws {
        let whole = try Self.decoded(recording)
        for plan in RecordedChatTests.plans(recording.body.count) {
            let cut = try Self.decoded(recording, plan: plan)
            if cut.events != whole.events { Issue.record("\(recording.name) differs when cut into \(plan.count)") }
        }
    }

    @Test(arguments: recordings)
    func theGrammarHolds(_ recording: Recording) throws {
        let answer = try Self.decoded(recording)
        #expect(answer.errors.isEmpty)
        #expect(answer.isFinished && answer.isDone && answer.failure == nil)
        try answer.log.checkGrammar()
    }

    @Test(arguments: recordings)
    func theFoldAgreesWithTheVendor(_ recording: Recording) throws {
        guard let final = recording.final else { return }
        let fold = try Self.decoded(recording).log.fold()
        #expect(Self.differences(fold, final) == [])
    }

    @Test(arguments: recordings)
    func theDocumentAgreesWithTheVendor(_ recording: Recording) throws {
        guard let final = recording.final else { return }
        let body = try JSONValue(parsing: Self.decoded(recording).log.completed(by: AnthropicCompletion()))
        let (ours, theirs) = (ChatNormaliser.sorted(body), ChatNormaliser.sorted(final))
        #expect(ours.keeping(theirs).text == theirs.text)
    }

    @Test(arguments: recordings)
    func theStreamIsWrittenAsItCame(_ recording: Recording) throws {
        let answer = try Self.decoded(recording)
        let reader = try AnthropicReader(answer.log.encoded(by: AnthropicEncoder()))
        #expect(reader.isDone && reader.error == nil && reader.broken == [])
        let came = try answer.frames.filter { $0.first == 0x7B }.map { try JSONValue(parsing: $0) }
            .filter { $0["type"]?.stringValue != "ping" }
        guard !recording.name.contains("spliced") else { return }
        #expect(came.count == reader.events.count)
        for (wanted, written) in zip(came, reader.events)
        where ChatNormaliser.sorted(wanted) != ChatNormaliser.sorted(written) {
            Issue.record("came \(wanted.text)\nwent \(written.text)")
        }
    }

    /// Cut behind any event, the rest is what it would have been.
    @Test(arguments: recordings)
    func aRebuiltEncoderGoesOnAsTheFirst(_ recording: Recording) throws {
        let log = try Self.decoded(recording).log
        let whole = log.encoded(by: AnthropicEncoder())
        let count = log.lastSequence
        for cut in stride(from: UInt64(1), to: count, by: max(1, Int(count) / 20)) {
            let first = log.encoded(by: AnthropicEncoder(), through: cut)
            let rest = log.encoded(by: AnthropicEncoder(resuming: log.fold(through: cut)), after: cut)
            if first + rest != whole, !recording.name.contains("spliced") { Issue.record("cut behind \(cut)") }
        }
    }

    // MARK: What the finals are trusted for

    /// How a fold differs from a final.
    static func differences(_ fold: GenerationFold, _ final: JSONValue) -> [String] {
        var differences: [String] = []
        func check(_ name: String, _ ours: String?, _ theirs: String?) {
            if (ours ?? "") != (theirs ?? "") { differences.append("\(name): \(ours ?? "-") ≠ \(theirs ?? "-")") }
        }
        let content = final["content"]?.arrayValue ?? []
        let types = ["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use"]
        let theirs = content.filter { types.contains($0["type"]?.stringValue ?? "") }
        check("blocks", "\(fold.blocks.count)", "\(theirs.count)")
        for (block, other) in zip(fold.blocks, theirs) {
            switch block.start.kind {
            case .text, .refusal:
                check("text", block.text, other["text"]?.stringValue)
                check("citations", "\(block.citations.count)", "\(other["citations"]?.arrayValue?.count ?? 0)")
                for (citation, raw) in zip(block.citations, other["citations"]?.arrayValue ?? []) {
                    check("cited", citation.text, raw["cited_text"]?.stringValue)
                    check("url", citation.url, raw["url"]?.stringValue)
                    check("title", citation.title, (raw["title"] ?? raw["document_title"])?.stringValue)
                }
            case .reasoning:
                check("thinking", block.text, other["thinking"]?.stringValue)
                check("signature", block.signature?.value, (other["signature"] ?? other["data"])?.stringValue)
            case .toolInput:
                check("id", block.start.callID, other["id"]?.stringValue)
                check("name", block.start.name, other["name"]?.stringValue)
                check(
                    "theirs", "\(block.start.isProviderExecuted)", "\(other["type"]?.stringValue != "tool_use")")
                let input = block.bytes.isEmpty ? [:] : try? JSONValue(parsing: block.bytes)
                check(
                    "input", input.map { ChatNormaliser.sorted($0).text },
                    other["input"].map { ChatNormaliser.sorted($0).text })
            }
        }
        let results = content.filter { $0["type"]?.stringValue?.hasSuffix("tool_result") == true }
        check(
            "results", "\(fold.toolOutputs.map(\.callID))", "\(results.compactMap { $0["tool_use_id"]?.stringValue })")
        for (output, other) in zip(fold.toolOutputs, results) {
            let ours = (try? JSONValue(parsing: output.result)).map { ChatNormaliser.sorted($0).text }
            check("result", ours, other["content"].map { ChatNormaliser.sorted($0).text })
        }
        check("stop_reason", fold.finishes.first?.reason.wire, words[final["stop_reason"]?.stringValue ?? ""])
        check("usage", Self.text(fold.usage), Self.text(final["usage"]))
        return differences
    }

    private static let words = [
        "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
        "refusal": "content_filter", "pause_turn": "pause_turn",
    ]

    private static func text(_ usage: Usage?) -> String {
        "\(usage?.inputTokens ?? 0) \(usage?.cachedInputTokens ?? 0) \(usage?.cacheWriteTokens ?? 0) "
            + "\(usage?.outputTokens ?? 0) \(usage?.reasoningTokens ?? 0)"
    }

    private static func text(_ usage: JSONValue?) -> String {
        let count = { (name: String) in usage?[name]?.intValue ?? 0 }
        let (cached, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"))
        let reasoning = usage?["output_tokens_details"]?["thinking_tokens"]?.intValue ?? 0
        return "\(count("input_tokens") + cached + written) \(cached) \(written) \(count("output_tokens")) \(reasoning)"
    }
}

extension JSONValue {
    /// Without the members of the document and its usage that `other` does not have: the SDK drops what its types do
    /// not know.
    fileprivate func keeping(_ other: JSONValue) -> JSONValue {
        guard let object = objectValue, other.objectValue != nil else { return self }
        let known = object.members.filter { other[$0.name] != nil }
        return .object(
            JSONObject(
                known.map { .init(name: $0.name, value: $0.value.keeping(other[$0.name] ?? .null)) }))
    }
}

extension GenerationLog {
    /// The whole answer as `completion` gathers it.
    func completed(by completion: some CompletionFold) -> [UInt8] {
        var completion = completion
        var cursor = LogCursor()
        while read(&cursor, { completion.apply($0, $1) }) {}
        return completion.body()
    }
}
