import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// A whole `message` says what the stream says; and answers of all other dialects make streams of this one.
struct AnthropicCompletionTests {
    /// What the vendor's accumulator makes of a stream.
    private static func accumulated(_ reader: AnthropicReader) throws -> JSONValue {
        var message = try #require(reader.events.first?["message"]?.objectValue)
        var (content, inputs): ([JSONObject], [Int: String]) = ([], [:])
        for event in reader.events {
            let (index, delta) = (event["index"]?.intValue ?? 0, event["delta"])
            switch (event["type"]?.stringValue, delta?["type"]?.stringValue) {
            case ("content_block_start", _): content.append(event["content_block"]?.objectValue ?? JSONObject())
            case (_, "text_delta"): append("text", delta, &content[index])
            case (_, "thinking_delta"): append("thinking", delta, &content[index])
            case (_, "signature_delta"): content[index]["signature"] = delta?["signature"]
            case (_, "input_json_delta"): inputs[index, default: ""] += delta?["partial_json"]?.stringValue ?? ""
            case (_, "citations_delta"):
                let citations = content[index]["citations"]?.arrayValue ?? []
                content[index]["citations"] = .array(citations + [delta?["citation"] ?? .null])
            case ("message_delta", _):
                for member in delta?.objectValue?.members ?? [] { message[member.name] = member.value }
                message["usage"] = event["usage"]
            default: break
            }
        }
        for (index, text) in inputs where !text.isEmpty {
            content[index]["input"] = (try? JSONValue(parsing: Array(text.utf8))) ?? .string(text)
        }
        message["content"] = .array(content.map { .object($0) })
        return .object(message)
    }

    private static func append(_ name: String, _ delta: JSONValue?, _ block: inout JSONObject) {
        block[name] = .string((block[name]?.stringValue ?? "") + (delta?[name]?.stringValue ?? ""))
    }

    private func expectSame(_ log: GenerationLog, _ name: String) throws {
        let reader = try AnthropicReader(log.encoded(by: AnthropicEncoder()))
        #expect(reader.broken == [], "\(name)")
        guard reader.isDone else { return }
        let body = try JSONValue(parsing: log.completed(by: AnthropicCompletion()))
        let (ours, streamed) = (ChatNormaliser.sorted(body), ChatNormaliser.sorted(try Self.accumulated(reader)))
        if ours != streamed { Issue.record("\(name)\nwhole    \(ours.text)\nstreamed \(streamed.text)") }
    }

    @Test(arguments: AnthropicEncoderTests.cases.indices)
    func tables(_ place: Int) throws {
        let (name, events, _) = AnthropicEncoderTests.cases[place]
        try expectSame(AnthropicEncoderTests.log(events), name)
    }

    @Test func randomPrograms() throws {
        for seed in 1...300 { try expectSame(LawTests.program(seed).log, "seed \(seed)") }
    }

    /// Every recording of the other dialects makes a stream of this one, which says the same.
    @Test(arguments: [ProviderDialect.openAIChat, .gemini])
    func otherProviders(_ dialect: ProviderDialect) throws {
        let folder = dialect == .gemini ? ["gemini"] : ["openai-chat", "openai-compatible"]
        var streams = 0
        for recording in folder.flatMap(Recording.all) {
            guard let answer = try? DecodedAnswer(body: recording.body, in: dialect), answer.isFinished else {
                continue
            }
            try expectSame(answer.log, recording.name)
            let fold = answer.log.fold()
            let reader = try AnthropicReader(answer.log.encoded(by: AnthropicEncoder()))
            guard reader.isDone else { continue }
            let message = try Self.accumulated(reader)
            let said = { (type: String, member: String) in
                (message["content"]?.arrayValue ?? []).filter { $0["type"]?.stringValue == type }
                    .compactMap { $0[member]?.stringValue }.joined()
            }
            let text = { (kinds: [BlockKind]) in
                fold.blocks.filter { $0.start.choice == 0 && kinds.contains($0.start.kind) }.map(\.text).joined()
            }
            #expect(said("text", "text") == text([.text, .refusal]), "\(recording.name)")
            #expect(said("thinking", "thinking") == text([.reasoning]), "\(recording.name)")
            streams += 1
        }
        print("\(dialect) as Messages: \(streams) streams")
    }
}
