import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The recorded Gemini streams: decoded at every chunking and written as they came.
struct RecordedGeminiTests {
    static let recordings = Recording.all("gemini")

    /// Streams of which no chunk has a finish reason: they are no whole answers.
    static let unfinished: Set<String> = [
        "gemini/firebase-vertexai-streaming-failure-malformed-content.sse",
        "gemini/firebase-vertexai-streaming-success-quotes-escaped.sse",
    ]

    @Test func allAreThere() {
        print("recorded Gemini streams: \(Self.recordings.count), exceptions 0")
        #expect(Corpus.root == nil || Self.recordings.count == 45)
    }

    static func decoded(_ recording: Recording, plan: [Range<Int>]? = nil) throws -> DecodedAnswer {
        if recording.name.hasSuffix(".array.json") {
            return try DecodedAnswer(array: recording.body, plan: plan, in: .gemini)
        }
        return try DecodedAnswer(body: recording.body, plan: plan, in: .gemini)
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
        #expect(answer.errors.isEmpty && answer.failure == nil)
        #expect(answer.isFinished != Self.unfinished.contains(recording.name))
        try answer.log.checkGrammar()
        let fold = answer.log.fold()
        for block in fold.blocks where block.start.kind == .toolInput {
            #expect(throws: Never.self) { try JSONValue(parsing: block.bytes) }
        }
    }

    static func chunks(_ answer: DecodedAnswer) throws -> [JSONValue] {
        try answer.frames.filter { $0.first == 0x7B }.map { ChatNormaliser.sorted(try JSONValue(parsing: $0)) }
    }

    @Test(arguments: recordings)
    func theStreamIsWrittenAsItCame(_ recording: Recording) throws {
        let answer = try Self.decoded(recording)
        let text = answer.log.encoded(by: GeminiEncoder(framing: .jsonLines))
        var written = try text.split(separator: "\n").map {
            ChatNormaliser.sorted(try JSONValue(parsing: Array($0.utf8)))
        }
        if Self.unfinished.contains(recording.name) { #expect(written.popLast()?["error"] != nil) }
        let came = try Self.chunks(answer)
        #expect(came.count == written.count)
        for (came, written) in zip(came, written) where came != written {
            Issue.record("came \(came.text)\nwent \(written.text)")
        }
    }

    /// Cut behind any frame and gone on with by an encoder made from the fold, a stream is the same; merged for a reader
    /// that was behind, it says the same in fewer chunks.
    @Test(arguments: recordings)
    func readersThatWereCutOrBehindReadTheSame(_ recording: Recording) throws {
        let log = try Self.decoded(recording).log
        let whole = log.encoded(by: GeminiEncoder())
        for seen in log.seen() where seen.endsFrame && seen.last < log.lastSequence {
            let first = log.encoded(by: GeminiEncoder(), through: seen.last)
            let rest = log.encoded(by: GeminiEncoder(resuming: log.fold(through: seen.last)), after: seen.last)
            if first + rest != whole { Issue.record("\(recording.name) cut behind \(seen.last)") }
        }
        let merged = log.encoded(by: GeminiEncoder(framing: .jsonLines), merge: 1 << 20)
        let lines = log.encoded(by: GeminiEncoder(framing: .jsonLines))
        #expect(try Self.text(merged) == Self.text(lines))
        #expect(merged.split(separator: "\n").count <= lines.split(separator: "\n").count)
    }

    /// Gone on with in the middle of a chunk, where a reader of another dialect was cut, the rest of it is told: each text
    /// and each call once.
    @Test(arguments: recordings)
    func readersThatComeInTheMiddleOfAChunkReadTheRest(_ recording: Recording) throws {
        let log = try Self.decoded(recording).log
        for seen in log.seen() where !seen.endsFrame {
            try Self.expectRest(of: log, after: seen.last)
        }
    }

    @Test func theRestOfAChunkIsTold() throws {
        let parts = [
            "{\"text\":\"THINK\",\"thought\":true}", "{\"text\":\"ANSWER\"}",
            "{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"S\"}",
        ]
        let frames = ["{\"candidates\":[{\"content\":{\"parts\":[\(parts.joined(separator: ","))]}}]}"]
        let last = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" more\"}]},\"finishReason\":\"STOP\"}]}"
        let log = DecodedAnswer(frames: frames + [last], in: .gemini).log
        for sequence in 0..<log.lastSequence { try Self.expectRest(of: log, after: sequence) }
    }

    private static func expectRest(of log: GenerationLog, after sequence: UInt64) throws {
        let encoder = GeminiEncoder(framing: .jsonLines, resuming: log.fold(through: sequence))
        let lines = log.encoded(by: encoder, after: sequence)
        var (wanted, calls): ([BlockKind: String], Int) = ([:], 0)
        let starts = log.fold().blocks.map(\.start)
        for seen in log.seen(after: sequence) {
            if let delta = seen.delta {
                wanted[delta.kind, default: ""] += String(decoding: delta.bytes, as: UTF8.self)
            }
            if case .blockEnd(let block, .toolInput) = seen.event, starts[block].isClientCall { calls += 1 }
        }
        var (told, whole): ([BlockKind: String], Int) = ([:], 0)
        for line in lines.split(separator: "\n") {
            for candidate in try JSONValue(parsing: Array(line.utf8))["candidates"]?.arrayValue ?? [] {
                for part in candidate["content"]?["parts"]?.arrayValue ?? [] {
                    if let text = part["text"]?.stringValue, !text.isEmpty {
                        told[part["thought"] == nil ? .text : .reasoning, default: ""] += text
                    }
                    if let call = part["functionCall"], call["willContinue"] == nil { whole += 1 }
                }
            }
        }
        #expect(told[.text] == wanted[.text] && told[.reasoning] == wanted[.reasoning], "after \(sequence): \(lines)")
        #expect(whole == calls, "after \(sequence): \(lines)")
    }

    /// What the parts say, one behind the other.
    private static func text(_ lines: String) throws -> String {
        try lines.split(separator: "\n").flatMap { line in
            let candidate = try JSONValue(parsing: Array(line.utf8))["candidates"]?[0]
            return (candidate?["content"]?["parts"]?.arrayValue ?? []).map { $0["text"]?.stringValue ?? $0.text }
        }.joined()
    }
}
