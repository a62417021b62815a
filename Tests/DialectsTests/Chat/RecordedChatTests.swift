import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The recorded Chat streams: decoded at every chunking, folded as the vendor's SDK does, and written as they came.
struct RecordedChatTests {
    static let recordings = Recording.all("openai-chat")
    /// Recordings that may be written otherwise than they came, with the reason.
    static let exceptions: [String: String] = {
        let file = Corpus.project.appending(path: "Tests/Fixtures/exceptions.json")
        return (try? JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))) ?? [:]
    }()

    @Test func allAreThere() {
        print("recorded Chat streams: \(Self.recordings.count), exceptions \(Self.exceptions.count)")
        #expect(Corpus.root == nil || Self.recordings.count == 37)
        #expect(Self.exceptions.count <= 1)
    }

    /// All plans when `FRESHET_LONG` is set; else a sample of the cuts in two and a few random ones.
    static func plans(_ count: Int) -> [[Range<Int>]] {
        let isLong = ProcessInfo.processInfo.environment["FRESHET_LONG"] != nil
        let all = Chunking.plans(count: count, random: isLong ? 200 : 4)
        return isLong ? all : all.filter { $0.count != 2 || $0[0].upperBound % 29 == count % 29 }
    }

    @Test(arguments: recordings)
    func chunkingNeverChangesTheEvents(_ recording: Recording) throws {
        let whole = try DecodedAnswer(body: recording.body)
        for plan in Self.plans(recording.body.count) {
            let cut = try DecodedAnswer(body: recording.body, plan: plan)
            if cut.events != whole.events { Issue.record("\(recording.name) differs when cut into \(plan.count)") }
        }
    }

    @Test(arguments: recordings)
    func theGrammarHolds(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        #expect(answer.errors.isEmpty)
        #expect(answer.isFinished && answer.isDone && answer.failure == nil)
        try answer.log.checkGrammar()
    }

    @Test(arguments: recordings)
    func theFoldAgreesWithTheVendor(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        let final = try Self.final(recording, answer)
        #expect(Self.differences(answer.log.fold(), final) == [])
    }

    @Test(arguments: recordings)
    func theDocumentAgreesWithTheVendor(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        var completion = OpenAIChatCompletion()
        var cursor = LogCursor()
        while answer.log.read(&cursor, { completion.apply($0, $1) }) {}
        let body = try JSONValue(parsing: completion.body())
        let final = try Self.final(recording, answer)
        #expect(Self.trusted(body) == Self.trusted(final))
        for member in ["id", "created", "model", "object", "system_fingerprint", "service_tier"] {
            #expect((body[member] ?? .null) == (final[member] ?? .null), "\(member)")
        }
        let logprobs = { (value: JSONValue) in
            Self.rounded(
                ChatNormaliser.sorted(.array((value["choices"]?.arrayValue ?? []).map { $0["logprobs"] ?? .null })))
        }
        #expect(logprobs(body).text == logprobs(final).text)
    }

    @Test(arguments: recordings)
    func theStreamIsWrittenAsItCame(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        let text = answer.log.encoded(by: OpenAIChatEncoder(includesUsage: true))
        let reader = try ChatReader(text)
        #expect(reader.isDone && reader.error == nil && reader.late == 0)
        let came = try answer.frames.filter { $0.first == 0x7B }.map { try JSONValue(parsing: $0) }
        let (wanted, written) = (ChatNormaliser.normalised(came), ChatNormaliser.normalised(reader.chunks))
        if let reason = Self.exceptions[recording.name] {
            #expect(wanted != written, "\(recording.name) is listed as an exception (\(reason)) and is none")
            return
        }
        #expect(wanted.count == written.count)
        for (wanted, written) in zip(wanted, written) where wanted != written {
            Issue.record("came \(wanted.text)\nwent \(written.text)")
        }
    }

    /// Who did not ask for usage gets none, and no chunk without choices because of it.
    @Test(arguments: recordings)
    func usageIsLeftOutWhereNobodyAsked(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        let reader = try ChatReader(answer.log.encoded(by: OpenAIChatEncoder()))
        #expect(reader.chunks.allSatisfy { $0["usage"] == nil })
        let came = try answer.frames.filter { $0.first == 0x7B }.map { try JSONValue(parsing: $0) }
        let choiceless = came.count { $0["choices"]?.arrayValue?.isEmpty == true && $0["usage"]?.isNull != false }
        #expect(reader.chunks.count { $0["choices"]?.arrayValue?.isEmpty == true } == choiceless)
    }

    // MARK: What the recordings' finals are trusted for

    /// The vendor's final, with the last usage there was: its accumulator forgets it when a chunk without follows.
    static func final(_ recording: Recording, _ answer: DecodedAnswer) throws -> JSONValue {
        var final = try #require(recording.final?.objectValue)
        if final["usage"]?.isNull == true {
            let reports = answer.frames.compactMap { try? JSONValue(parsing: $0)["usage"] }
            final["usage"] = reports.last { !$0.isNull } ?? .null
        }
        return .object(final)
    }

    /// The vendor's accumulator reads numbers and writes them in digits of its own.
    private static func rounded(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let number): number.double.flatMap { JSONNumber($0) }.map { .number($0) } ?? value
        case .array(let elements): .array(elements.map(rounded))
        case .object(let object):
            .object(JSONObject(object.members.map { .init(name: $0.name, value: rounded($0.value)) }))
        case .null, .bool, .string: value
        }
    }

    /// The members that the corpus says to trust.
    static func trusted(_ value: JSONValue) -> JSONValue {
        let choices = (value["choices"]?.arrayValue ?? []).map { choice -> JSONValue in
            let message = choice["message"]
            let calls = (message?["tool_calls"]?.arrayValue ?? []).map { call -> JSONValue in
                [
                    "id": call["id"] ?? .null, "name": call["function"]?["name"] ?? .null,
                    "arguments": call["function"]?["arguments"] ?? .null,
                ]
            }
            return [
                "index": choice["index"] ?? .null, "content": said(message?["content"]),
                "refusal": said(message?["refusal"]), "tool_calls": .array(calls),
                "finish_reason": choice["finish_reason"] ?? .null,
            ]
        }
        return ChatNormaliser.sorted(["choices": .array(choices), "usage": value["usage"] ?? .null])
    }

    private static func said(_ value: JSONValue?) -> JSONValue { value?.stringValue == "" ? .null : value ?? .null }

    /// How a fold differs from a final in the members to be trusted.
    static func differences(_ fold: GenerationFold, _ final: JSONValue) -> [String] {
        var differences: [String] = []
        func check(_ name: String, _ ours: String?, _ theirs: String?) {
            if (ours ?? "") != (theirs ?? "") { differences.append("\(name): \(ours ?? "-") ≠ \(theirs ?? "-")") }
        }
        for choice in final["choices"]?.arrayValue ?? [] {
            let index = choice["index"]?.intValue ?? 0
            let blocks = fold.blocks.filter { $0.start.choice == index }
            let text = { (kind: BlockKind) in blocks.filter { $0.start.kind == kind }.map(\.text).joined() }
            check("content", text(.text), choice["message"]?["content"]?.stringValue)
            check("refusal", text(.refusal), choice["message"]?["refusal"]?.stringValue)
            let calls = blocks.filter { $0.start.kind == .toolInput }
            let theirs = choice["message"]?["tool_calls"]?.arrayValue ?? []
            check("tool calls", "\(calls.count)", "\(theirs.count)")
            for (call, other) in zip(calls, theirs) {
                check("id", call.start.callID, other["id"]?.stringValue)
                check("name", call.start.name, other["function"]?["name"]?.stringValue)
                check("arguments", call.text, other["function"]?["arguments"]?.stringValue)
            }
            let reason = fold.finishes.first { $0.choice == index }?.reason.wire
            check("finish_reason", reason, choice["finish_reason"]?.stringValue)
        }
        let usage = final["usage"]
        check("input", fold.usage?.inputTokens.map(String.init), usage?["prompt_tokens"]?.intValue.map { "\($0)" })
        check(
            "output", fold.usage?.outputTokens.map(String.init), usage?["completion_tokens"]?.intValue.map { "\($0)" })
        return differences
    }
}

extension JSONValue {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
