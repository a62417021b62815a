import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// Errors of this dialect, read and written.
struct AnthropicFailureTests {
    static let kinds = [
        ("invalid_request_error", 400), ("authentication_error", 401), ("billing_error", 402),
        ("permission_error", 403), ("not_found_error", 404), ("request_too_large", 413), ("rate_limit_error", 429),
        ("api_error", 500), ("timeout_error", 504), ("overloaded_error", 529),
    ]

    /// A word that comes inside a stream means the status that goes with it.
    @Test(arguments: kinds)
    func wordsAndStatuses(_ word: String, _ status: Int) throws {
        let document = #"{"type":"error","error":{"type":"\#(word)","message":"no"},"request_id":"req_1"}"#
        let answer = DecodedAnswer(frames: [document], in: .anthropic)
        let failure = try #require(answer.failure?.failure)
        #expect(failure.code.name == word && failure.message == "no" && failure.providerStatus == status)
        #expect(failure.isProvidersWord && failure.isRetryable == (status == 429 || status >= 500))
        #expect(DialectName.anthropic.status(of: failure) == status)
        let refused = ProviderDialect.anthropic.failure(status: status, body: Array(document.utf8))
        #expect(refused.code.name == word && refused.providerStatus == status)
        // The provider's own document, in the stream and before it.
        #expect(answer.log.encoded(by: AnthropicEncoder()) == "event: error\ndata: \(document)\n\n")
        let written = try JSONValue(parsing: DialectName.anthropic.errorBody(failure))
        #expect(written == ["type": "error", "error": ["type": .string(word), "message": "no"]])
    }

    static let ours: [(failure: GenerationFailure, status: Int, type: String)] = [
        (failure(.invalidRequest), 400, "invalid_request_error"), (failure(.unauthorized), 401, "authentication_error"),
        (failure("forbidden"), 403, "permission_error"), (failure(.modelNotFound), 404, "not_found_error"),
        (failure(.tooLarge), 413, "request_too_large"), (failure(.overloaded), 529, "overloaded_error"),
        (failure(.shuttingDown), 529, "overloaded_error"), (failure(.providerTimeout), 504, "timeout_error"),
        (failure(.providerTruncated), 502, "api_error"), (failure("conflict"), 409, "invalid_request_error"),
        (failure("insufficient_quota", 429), 429, "rate_limit_error"),
        (failure("server_error", 503), 529, "overloaded_error"),
        (failure("RESOURCE_EXHAUSTED", 429), 429, "rate_limit_error"), (failure("x", 402), 402, "billing_error"),
        (failure("x", 408), 504, "timeout_error"), (failure("x", 500), 500, "api_error"),
        (failure("502", nil), 502, "api_error"),
        (failure("429", nil), 429, "rate_limit_error"), (failure("invalid_request_error", 404), 404, "not_found_error"),
    ]

    private static func failure(_ code: GenerationFailure.Code) -> GenerationFailure {
        GenerationFailure(code: code, message: "no", isRetryable: false)
    }

    private static func failure(_ code: GenerationFailure.Code, _ status: Int?) -> GenerationFailure {
        var failure = failure(code)
        (failure.isProvidersWord, failure.providerStatus) = (true, status)
        return failure
    }

    @Test(arguments: ours.indices)
    func writing(_ place: Int) throws {
        let (failure, status, type) = Self.ours[place]
        #expect(DialectName.anthropic.status(of: failure) == status)
        let body = try JSONValue(parsing: DialectName.anthropic.errorBody(failure))
        #expect(body["error"]?["type"]?.stringValue == type, "\(failure.code.name)")
    }

    /// Gateways report errors of their own in the shortest form, or in none.
    @Test func oddErrors() throws {
        let short = DecodedAnswer(frames: [#"{"error":{"message":"no"}}"#], in: .anthropic)
        #expect(short.failure?.failure.message == "no" && short.failure?.failure.isRetryable == true)
        #expect(
            short.failure.map { String(decoding: $0.raw, as: UTF8.self) }
                == #"{"type":"error","error":{"message":"no"}}"#)
        for body in ["", "<html>", "[]", #"{"error":"no"}"#, #"{"error":{"type":7}}"#] {
            let failure = ProviderDialect.anthropic.failure(status: 503, body: Array(body.utf8))
            #expect(failure.providerStatus == 503 && failure.isRetryable)
        }
    }

    @Test func recordedErrors() throws {
        let files = Corpus.files("errors/anthropic")
        for file in files {
            let status = try #require(Int(file.prefix(3)))
            let body = try #require(Corpus.bytes("errors/anthropic/\(file)"))
            let failure = ProviderDialect.anthropic.failure(status: status, body: body)
            let word = try JSONValue(parsing: body)["error"]?["type"]?.stringValue
            #expect(failure.code.name == word && DialectName.anthropic.status(of: failure) == status)
            #expect(DialectName.openAIChat.status(of: failure) == status)
        }
        #expect(Corpus.root == nil || files.count > 3)
    }

    /// Bodies that are no stream of this dialect are no success.
    @Test func brokenBodies() throws {
        let folders =
            ["streams/malformed", "streams/gemini", "streams/openai-chat"]
            + Corpus.files("errors").map { "errors/" + $0 }
        let files = folders.flatMap { folder in Corpus.files(folder).map { "\(folder)/\($0)" } }
        for file in files where !file.hasSuffix(".final.json") && !file.hasSuffix(".parts.json") {
            let bytes = try #require(Corpus.bytes(file))
            for answer in [
                try DecodedAnswer(body: bytes, in: .anthropic),
                DecodedAnswer(frames: [String(decoding: bytes, as: UTF8.self)], in: .anthropic),
            ] {
                try answer.log.checkGrammar()
                #expect(!answer.isFinished, "\(file)")
            }
        }
    }

    /// Spoilt bytes never trap, and what they leave keeps the grammar of log and stream.
    @Test func spoiltBytes() throws {
        var numbers = SeededGenerator(seed: 5)
        var streams = 0
        for recording in RecordedAnthropicTests.recordings where recording.body.count < 40_000 {
            for _ in 0..<6 {
                var body = recording.body
                for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                    body[Int.random(in: 0..<body.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
                }
                guard let answer = try? DecodedAnswer(body: body, in: .anthropic) else { continue }
                try answer.log.checkGrammar()
                let reader = try AnthropicReader(answer.log.encoded(by: AnthropicEncoder()))
                #expect(reader.broken == [])
                streams += 1
            }
        }
        print("spoilt Messages streams: \(streams)")
    }
}
