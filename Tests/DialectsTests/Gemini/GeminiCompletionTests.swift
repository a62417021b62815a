import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// The answer of a request that did not ask for a stream.
struct GeminiCompletionTests {
    static func document(_ log: GenerationLog) throws -> JSONValue {
        var completion = GeminiCompletion()
        var cursor = LogCursor()
        while log.read(&cursor, { completion.apply($0, $1) }) {}
        #expect(completion.failure == nil)
        return try JSONValue(parsing: completion.body())
    }

    /// What the chunks of a recording say, each part by itself.
    private static func said(_ chunks: [JSONValue]) -> [String: String] {
        var said: [String: String] = [:]
        for candidate in chunks.flatMap({ $0["candidates"]?.arrayValue ?? [] }) {
            for part in candidate["content"]?["parts"]?.arrayValue ?? [] {
                if let text = part["text"]?.stringValue, !text.isEmpty {
                    said[part["thought"] == nil ? "text" : "thoughts", default: ""] += text
                }
                if let signature = part["thoughtSignature"]?.stringValue {
                    said["signatures", default: ""] += signature
                }
                for name in ["functionCall", "executableCode", "codeExecutionResult", "inlineData"] {
                    // Of a call that came in pieces only the first has a name.
                    guard let value = part[name], name != "functionCall" || value["name"] != nil else { continue }
                    said[name, default: ""] += value["name"]?.stringValue ?? value.text
                }
            }
            if let finish = candidate["finishReason"] { said["finish"] = finish.text }
        }
        for chunk in chunks {
            if let id = chunk["responseId"] { said["id"] = id.text }
            if let total = chunk["usageMetadata"]?["totalTokenCount"] { said["total"] = total.text }
        }
        return said
    }

    @Test(arguments: RecordedGeminiTests.recordings)
    func saysWhatTheChunksSay(_ recording: Recording) throws {
        let answer = try RecordedGeminiTests.decoded(recording)
        let document = try Self.document(answer.log)
        #expect(Self.said([ChatNormaliser.sorted(document)]) == Self.said(try RecordedGeminiTests.chunks(answer)))
        for part in document["candidates"]?[0]?["content"]?["parts"]?.arrayValue ?? [] {
            guard let call = part["functionCall"] else { continue }
            #expect(call["willContinue"] == nil && call["partialArgs"] == nil)
        }
    }

    @Test func joinsPartsButNoSignatures() throws {
        let frames = [
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\",\"thought\":true}]}}],\"createTime\":\"t\"}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\",\"thought\":true},{\"text\":\"c\"}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"d\"},{\"text\":\"\"}]},"
                + "\"citationMetadata\":{\"citations\":[{\"uri\":\"u\"}]}}]}",
            "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"S\"}]},"
                + "\"citationMetadata\":{\"citations\":[{\"uri\":\"v\"}]},\"finishReason\":\"STOP\",\"avgLogprobs\":-0.1}]}",
        ]
        let document = try Self.document(DecodedAnswer(frames: frames, in: .gemini).log)
        #expect(
            document["candidates"]?.text
                == "[{\"content\":{\"parts\":[{\"text\":\"ab\",\"thought\":true},{\"text\":\"cd\"},"
                + "{\"text\":\"\",\"thoughtSignature\":\"S\"}],\"role\":\"model\"},"
                + "\"citationMetadata\":{\"citations\":[{\"uri\":\"u\"},{\"uri\":\"v\"}]},"
                + "\"finishReason\":\"STOP\",\"avgLogprobs\":-0.1,\"index\":0}]")
        #expect(document["createTime"]?.stringValue == "t")
    }

    /// Of another provider's answer, whose text comes in pieces that may be half a character.
    @Test func joinsWhatItTellsItself() throws {
        var log = GenerationLog()
        log.append(.generationStart(.sample))
        log.append(.attempt(Attempt(route: "a/b", providerModel: "m", providerID: "r")))
        for (block, kind, pieces): (Int, BlockKind, [[UInt8]]) in [
            (0, .reasoning, [[0x68], [0x6D]]),
            (1, .text, [[0x61], [0x62, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80], [0x63]]),
            (2, .refusal, [[0x64], [0x65]]),
        ] {
            log.append(.blockStart(BlockStart(block: block, kind: kind)))
            for piece in pieces { log.appendDelta(block: block, kind: kind) { $0 += piece } }
            log.append(.blockEnd(block: block, kind: kind))
        }
        log.append(.generationEnd(GenerationEnd(outcome: .finished, finishReason: .stop)))
        #expect(
            try Self.document(log).text
                == "{\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,\"text\":\"hm\"},{\"text\":\"ab😀cde\"}],"
                + "\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r\"}"
        )
    }

    @Test func aPromptThatWasRefused() throws {
        let frame = "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"responseId\":\"r\"}"
        let answer = DecodedAnswer(frames: [frame], in: .gemini)
        #expect(try Self.document(answer.log).text == frame)
    }
}
