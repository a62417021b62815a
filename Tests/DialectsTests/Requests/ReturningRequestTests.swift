import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import Testing

/// Requests that go into another dialect and back: what matters stays.
struct ReturningRequestTests {
    /// What has to be the same whatever dialect a request went through.
    struct Essence: Equatable {
        var turns: [[String]] = []
        var tools: [String] = []

        init(_ request: ModelRequest, signedBy dialects: Set<DialectName>) {
            turns = [request.system.compactMap { Self.name($0, dialects) }]
            for turn in request.turns where turn.role != .system {
                let parts = turn.parts.compactMap { Self.name($0, dialects) }
                if turn.role == .user, !turns.isEmpty, turns.last?.first?.hasPrefix("result") == true {
                    turns[turns.count - 1] += parts
                } else if !parts.isEmpty {
                    turns.append(parts)
                }
            }
            tools = request.tools.map { "\($0.name) \($0.description ?? "")" }
        }

        /// Texts are joined: dialects cut them differently.
        private static func name(_ part: ModelPart, _ dialects: Set<DialectName>) -> String? {
            switch part.content {
            case .text(let text): "text \(text)"
            case .image(let media): "image \(media.source)"
            case .document(let media): "document \(media.source)"
            case .reasoning(let text, let signature):
                signature.map { dialects.contains($0.dialect) ? "reasoning \(text) \($0.isRedacted) \($0.value)" : "" }
                    .flatMap { $0.isEmpty ? nil : $0 }
            case .toolCall(let id, let name, let arguments):
                "call \(id) \(name) \((try? JSONValue(parsing: arguments))?.bytes.count ?? -1)"
            case .toolResult(let id, _, let content, _):
                "result \(id) " + content.compactMap { name($0, dialects) }.joined(separator: " ")
            case .audio, .video, .foreign: nil
            }
        }
    }

    static func read(_ provider: ProviderDialect, _ body: [UInt8]) throws -> ModelRequest {
        switch provider {
        case .openAIChat: try OpenAIChatRequest(body: body).modelRequest()
        case .anthropic: try AnthropicRequest(body: body).modelRequest()
        case .gemini: try GeminiRequest(body: body, model: "m", isStream: true).modelRequest()
        }
    }

    /// A dialect keeps what it signed itself, byte for byte, with the text it belongs to.
    @Test(arguments: RequestFixture.all, [ProviderDialect.anthropic, .gemini])
    func aDialectKeepsWhatItSigned(_ fixture: RequestFixture, _ provider: ProviderDialect) throws {
        let request = try fixture.request().modelRequest()
        let signed: [Signature] = Self.signatures(request).filter { $0.dialect == provider.name }
        let written = try request.body(for: provider, RequestFixture.habits(of: provider))
        #expect(try Self.signatures(Self.read(provider, written)) == signed)
        if fixture.name.hasSuffix("conversation") { #expect(!signed.isEmpty) }
    }

    static func signatures(_ request: ModelRequest) -> [Signature] {
        request.turns.flatMap(\.parts).compactMap { part in
            if case .reasoning(_, let signature) = part.content { signature } else { nil }
        }
    }

    /// Out and in again is the same as once.
    @Test(arguments: RequestFixture.all, ProviderDialect.allCases)
    func writingTwiceIsWritingOnce(_ fixture: RequestFixture, _ provider: ProviderDialect) throws {
        let habits = RequestFixture.habits(of: provider)
        let once = try fixture.request().modelRequest().body(for: provider, habits)
        #expect(try Self.read(provider, once).body(for: provider, habits) == once)
    }

    /// A request in Anthropic's or Gemini's own dialect comes back from the form between with everything of worth.
    @Test(arguments: ["anthropic.conversation", "gemini.conversation"])
    func theFormBetweenLosesNothing(_ name: String) throws {
        let fixture = RequestFixture(name: name)
        let request = try fixture.request().modelRequest()
        let own = try #require(ProviderDialect.allCases.first { name.hasPrefix($0.name.rawValue) })
        let back = try Self.read(own, request.body(for: own, RequestFixture.habits(of: own)))
        #expect(Essence(back, signedBy: [own.name]) == Essence(request, signedBy: [own.name]))
    }

    /// Chat's form keeps all signatures of a transcript, whoever gave them.
    @Test(arguments: RequestFixture.all)
    func transcriptsKeepEverythingSigned(_ fixture: RequestFixture) throws {
        let request = try fixture.request().modelRequest()
        let messages = try request.chatMessages()
        let again = try GenerationRequest(model: "m", messages: messages).modelRequest()
        let (before, after) = (Self.signatures(request), Self.signatures(again))
        #expect(Set(before) == Set(after) && before.count == after.count)
        #expect(try again.chatMessages() == messages)
        let provider = RequestFixture.habits(of: .gemini)
        #expect(try !again.body(for: .gemini, provider).isEmpty)
    }

    @Test func aSignatureStandsWhereGeminiPutIt() throws {
        let contents = """
            {"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[\
            {"text":"Hmm.","thought":true},{"text":"So:","thoughtSignature":"QQ=="},\
            {"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"Qg=="},\
            {"functionCall":{"id":"2","name":"f","args":{}}},\
            {"text":"","thoughtSignature":"Qw=="}]}]}
            """
        let request = try GeminiRequest(body: Array(contents.utf8), model: "m", isStream: true).modelRequest()
        let written = try request.body(for: .gemini, ProviderHabits(model: "m"))
        #expect(String(decoding: written, as: UTF8.self) == contents)
        let native = try GenerationRequest(model: "m", messages: request.chatMessages()).modelRequest()
        #expect(Self.signatures(native).map(\.value).sorted() == ["QQ==", "Qg==", "Qw=="])
    }
}
