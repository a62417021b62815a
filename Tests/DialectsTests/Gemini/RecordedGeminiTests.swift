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
}
