import Foundation
import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// A client's request of `Tests/Fixtures/dialects/requests`: the file's name begins with the client's dialect.
struct RequestFixture: CustomTestStringConvertible, Sendable {
    let name: String

    static let folder = Corpus.project.appending(path: "Tests/Fixtures/dialects/requests")
    static let all =
        ["openai-chat", "anthropic", "gemini"].flatMap { client in
            ["conversation", "options"].map { RequestFixture(name: "\(client).\($0)") }
        } + [RequestFixture(name: "native.conversation")]

    var testDescription: String { name }

    func body() throws -> [UInt8] { [UInt8](try Data(contentsOf: Self.folder.appending(path: name + ".json"))) }

    var client: DialectName { DialectName(rawValue: String(name.prefix { $0 != "." })) ?? .native }

    func request() throws -> any ClientRequest {
        let body = try body()
        return switch client {
        case .openAIChat: try OpenAIChatRequest(body: body)
        case .anthropic: try AnthropicRequest(body: body)
        case .gemini: try GeminiRequest(body: body, model: "fast", isStream: true)
        case .native, .simple: try GenerationRequest(body: body.span)
        }
    }

    static func habits(of provider: ProviderDialect) -> ProviderHabits {
        switch provider {
        case .openAIChat: ProviderHabits(model: "gpt-5-mini", namesCompletionTokens: true)
        case .anthropic: ProviderHabits(model: "claude-sonnet-4-5")
        case .gemini: ProviderHabits(model: "gemini-3-pro")
        }
    }
}
