import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// Streams of servers that speak like Chat, bodies that are broken and bodies of errors: no success that was none.
struct RobustnessTests {
    static let recordings = Recording.all("openai-compatible")

    /// The vendor's accumulator joins strings only: of these, whose thinking ends inside a list of parts, it loses the
    /// first word that the list holds.
    static let listed: Set<String> = [
        "openai-compatible/mistral/rubyllm-mistral-hybrid-reasoning-streams-thinking-separately-from-content.sse",
        "openai-compatible/mistral/rubyllm-with-extended-thinking-mistral-mistral-thinking-content-when-available.sse",
    ]

    @Test func theStreamsOfOtherServersFoldAsTheVendorDoes() throws {
        var (equal, withFinal) = (0, 0)
        for recording in Self.recordings {
            let answer = try DecodedAnswer(body: recording.body)
            try answer.log.checkGrammar()
            guard recording.final != nil else { continue }
            withFinal += 1
            let final = try RecordedChatTests.final(recording, answer)
            let differences = RecordedChatTests.differences(answer.log.fold(), final)
            if differences.isEmpty { equal += 1 }
            #expect(differences.isEmpty != Self.listed.contains(recording.name), "\(recording.name) \(differences)")
            guard Self.listed.contains(recording.name) else { continue }
            let content = try #require(final["choices"]?[0]?["message"]?["content"]?.stringValue)
            #expect(answer.log.fold().blocks.last?.text.hasSuffix(content) == true)
        }
        print("streams of compatible servers: \(Self.recordings.count), folded alike \(equal) of \(withFinal) finals")
        #expect(Corpus.root == nil || Self.recordings.count == 82)
    }

    @Test(arguments: Recording.all("openai-compatible"))
    func chunkingNeverChangesTheEvents(_ recording: Recording) throws {
        let whole = try DecodedAnswer(body: recording.body)
        for size in [1, 7, 64] {
            let plan = stride(from: 0, to: recording.body.count, by: size).map {
                $0..<min($0 + size, recording.body.count)
            }
            if try DecodedAnswer(body: recording.body, plan: plan).events != whole.events {
                Issue.record("\(recording.name) differs when cut into \(size)")
            }
        }
    }

    /// Our own grammar differs from these servers' slips; what it says does not.
    @Test(arguments: recordings)
    func whatIsWrittenSaysTheSame(_ recording: Recording) throws {
        let answer = try DecodedAnswer(body: recording.body)
        let text = answer.log.encoded(by: OpenAIChatEncoder(includesUsage: true))
        let again = try DecodedAnswer(body: Array(text.utf8))
        #expect(again.errors.isEmpty)
        #expect(again.isFinished == answer.isFinished)
        let (one, other) = (answer.log.fold(), again.log.fold())
        #expect(one.blocks.map(\.start) == other.blocks.map(\.start))
        #expect(one.blocks.map(\.text) == other.blocks.map(\.text))
        #expect(one.finishes == other.finishes)
        #expect(one.usage == other.usage)
        if let failure = answer.failure { #expect(again.failure == failure) }
    }

    /// Cut anywhere, an answer is never taken for a whole one; the end mark alone does not make it one.
    @Test(arguments: recordings)
    func aCutAnswerIsNoSuccess(_ recording: Recording) throws {
        let whole = try DecodedAnswer(body: recording.body)
        let finish = whole.frames.firstIndex { frame in
            let choices = (try? JSONValue(parsing: frame))?["choices"]?.arrayValue ?? []
            return choices.contains { $0["finish_reason"]?.stringValue?.isEmpty == false }
        }
        guard let finish else { return #expect(!whole.isFinished) }
        for count in [0, finish / 2, finish] {
            let cut = whole.frames.prefix(count).map { String(decoding: $0, as: UTF8.self) } + ["[DONE]"]
            let answer = DecodedAnswer(frames: cut)
            #expect(!answer.isFinished)
            #expect(try !ChatReader(answer.log.encoded(by: OpenAIChatEncoder())).isDone)
        }
    }

    /// Bodies that are no stream of ours.
    @Test func brokenBodiesAndErrorsAreNoSuccess() throws {
        let folders = ["streams/malformed"] + Corpus.files("errors").map { "errors/" + $0 }
        let files = folders.flatMap { folder in Corpus.files(folder).map { "\(folder)/\($0)" } }
        for file in files {
            let bytes = try #require(Corpus.bytes(file))
            let framed = try DecodedAnswer(body: bytes)
            let bare = DecodedAnswer(frames: [String(decoding: bytes, as: UTF8.self)])
            for answer in [framed, bare] {
                try answer.log.checkGrammar()
                #expect(!answer.isFinished, "\(file)")
                #expect(try !ChatReader(answer.log.encoded(by: OpenAIChatEncoder())).isDone)
            }
        }
        print("broken bodies and errors: \(files.count)")
        #expect(Corpus.root == nil || files.count == 62)
    }

    /// Choices that name no number are counted, and what they cost grows with their number squared.
    @Test func aFrameSpeaksOfNoMoreChoicesThanARequestMayAskFor() {
        let most = DecodedAnswer(frames: [
            "{\"choices\":[\(Array(repeating: "{}", count: 128).joined(separator: ","))]}"
        ])
        #expect(most.errors.isEmpty)
        let more = DecodedAnswer(frames: [
            "{\"choices\":[\(Array(repeating: "{}", count: 129).joined(separator: ","))]}"
        ])
        #expect(more.errors == [.limitExceeded])
    }
}
