import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// Answers that are cut, spoilt or no answers at all: nothing traps, and no success that was none.
struct GeminiRobustnessTests {
    private static func isError(_ log: GenerationLog) throws -> Bool {
        let last = log.encoded(by: GeminiEncoder(framing: .jsonLines)).split(separator: "\n").last
        return try last.map { try JSONValue(parsing: Array($0.utf8))["error"] != nil } ?? false
    }

    /// Cut before its finish, an answer is never taken for a whole one.
    @Test(arguments: RecordedGeminiTests.recordings)
    func aCutAnswerIsNoSuccess(_ recording: Recording) throws {
        let whole = try RecordedGeminiTests.decoded(recording)
        let finish = whole.frames.firstIndex { frame in
            let candidates = (try? JSONValue(parsing: frame))?["candidates"]?.arrayValue ?? []
            return candidates.contains { $0["finishReason"] != nil }
        }
        for count in [0, (finish ?? 0) / 2, finish ?? whole.frames.count] {
            let cut = whole.frames.prefix(count).map { String(decoding: $0, as: UTF8.self) } + ["[DONE]"]
            let answer = DecodedAnswer(frames: cut, in: .gemini)
            #expect(!answer.isFinished)
            #expect(try Self.isError(answer.log))
        }
    }

    /// Bodies that are no stream of ours.
    @Test func brokenBodiesAndErrorsAreNoSuccess() throws {
        let folders =
            ["streams/malformed", "streams/gemini-interactions"] + Corpus.files("errors").map { "errors/" + $0 }
        let files = folders.flatMap { folder in Corpus.files(folder).map { "\(folder)/\($0)" } }
        for file in files {
            let bytes = try #require(Corpus.bytes(file))
            let framed = try DecodedAnswer(body: bytes, in: .gemini)
            let bare = DecodedAnswer(frames: [String(decoding: bytes, as: UTF8.self)], in: .gemini)
            for answer in [framed, bare] {
                try answer.log.checkGrammar()
                // One of them is a whole answer without blank lines.
                guard !file.hasSuffix("prism-gemini-stream-basic-text-1.sse") else { continue }
                #expect(!answer.isFinished, "\(file)")
                #expect(try Self.isError(answer.log))
            }
        }
        print("broken bodies and errors, read as Gemini: \(files.count)")
        #expect(Corpus.root == nil || files.count == 65)
    }

    /// The status, the word and the advice of Google's own errors, and that they are written as they came.
    @Test func errorBodiesAreRead() throws {
        let files = ["errors/gemini", "errors/vertex"].flatMap { folder in
            Corpus.files(folder).map { "\(folder)/\($0)" }
        }
        for file in files {
            let bytes = try #require(Corpus.bytes(file))
            let status = try #require(Int(file.split(separator: "/")[2].prefix(3)))
            let error = try #require(try JSONValue(parsing: bytes)["error"])
            for body in [bytes, Array("[".utf8) + bytes + Array("]".utf8)] {
                let failure = ProviderDialect.gemini.failure(status: status, body: body)
                #expect(failure.code.name == error["status"]?.stringValue)
                #expect(failure.providerStatus == status && DialectName.gemini.status(of: failure) == status)
                #expect(failure.isRetryable == (status == 429))
                #expect(failure.retryAfter == (status == 429 ? 48 : nil))
                #expect(failure.message.hasSuffix(error["message"]?.stringValue ?? "-"))
            }
        }
        #expect(Corpus.root == nil || files.count == 8)
    }

    @Test(arguments: [
        (GenerationFailure.Code.invalidRequest, 400, "INVALID_ARGUMENT"), (.unauthorized, 401, "UNAUTHENTICATED"),
        ("forbidden", 403, "PERMISSION_DENIED"), (.modelNotFound, 404, "NOT_FOUND"), ("conflict", 409, "ABORTED"),
        (.tooLarge, 413, "INVALID_ARGUMENT"), (.providerAuth, 502, "UNAVAILABLE"), (.overloaded, 503, "UNAVAILABLE"),
        (.providerTimeout, 504, "DEADLINE_EXCEEDED"),
    ])
    func failuresAreWrittenInGooglesWords(_ code: GenerationFailure.Code, _ status: Int, _ word: String) throws {
        let failure = GenerationFailure(code: code, message: "no \"x\"", isRetryable: false, parameter: "a.b")
        let error = try JSONValue(parsing: DialectName.gemini.errorBody(failure))["error"]
        #expect(error?["code"]?.intValue == status && error?["status"]?.stringValue == word)
        #expect(error?["message"]?.stringValue == "no \"x\"")
        #expect(error?["details"]?[1]?["fieldViolations"]?[0]?["field"]?.stringValue == "a.b")
    }

    @Test func anotherProvidersAdviceIsPassedOn() throws {
        var failure = GenerationFailure(code: "overloaded_error", message: "m", isRetryable: true)
        (failure.isProvidersWord, failure.providerStatus, failure.retryAfter) = (true, 529, 7)
        let error = try JSONValue(parsing: DialectName.gemini.errorBody(failure))["error"]
        #expect(error?["code"]?.intValue == 503 && error?["status"]?.stringValue == "UNAVAILABLE")
        #expect(error?["details"]?[1]?["retryDelay"]?.stringValue == "7s")
    }

    /// Recordings with bytes changed, left out and put in: a frame that is refused leaves nothing, and what is taken is
    /// an answer that every dialect's clients can be told of.
    @Test func spoiltBytesNeverTrap() throws {
        var (numbers, taken, refused) = (SeededGenerator(seed: 7), 0, 0)
        for recording in RecordedGeminiTests.recordings {
            let frames = try RecordedGeminiTests.decoded(recording).frames.filter { $0.count < 4000 }
            for _ in 0..<8 where !frames.isEmpty {
                let answer = DecodedAnswer(frames: frames.map { Self.spoilt($0, &numbers) }, in: .gemini)
                try answer.log.checkGrammar()
                taken += answer.frames.count - answer.errors.count
                refused += answer.errors.count
                for dialect in DialectName.allCases {
                    var (encoder, cursor, out) = (dialect.encoder(for: .init(of: .sample)), LogCursor(), [UInt8]())
                    while answer.log.read(&cursor, { encoder.encode($0, $1, into: &out) }) {}
                }
                _ = try GeminiCompletionTests.document(answer.log)
            }
        }
        print("spoilt frames: \(taken) taken, \(refused) refused")
        #expect(Corpus.root == nil || (taken > 500 && refused > 100))
    }

    private static func spoilt(_ frame: [UInt8], _ numbers: inout SeededGenerator) -> String {
        var frame = frame
        for _ in 0..<Int.random(in: 0...2, using: &numbers) where !frame.isEmpty {
            let place = Int.random(in: 0..<frame.count, using: &numbers)
            switch Int.random(in: 0..<4, using: &numbers) {
            case 0: frame[place] = Array("{}[]\":,0x\\n".utf8).randomElement(using: &numbers) ?? 0
            case 1: frame.remove(at: place)
            case 2: frame.removeSubrange(place..<min(frame.count, place + 9))
            default: frame.insert(contentsOf: Array("null".utf8), at: place)
            }
        }
        return String(decoding: frame, as: UTF8.self)
    }
}
