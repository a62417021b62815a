import FreshetDialects
import FreshetHTTPWire
import FreshetRelay
import Testing

@testable import FreshetGateway

struct ModelResolutionTests {
    static let configured = """
        providers:
          local:  { kind: openai, base_url: "http://127.0.0.1:11434/v1" }
          openai: { kind: openai, api_key: x }
        models:
          fast: { routes: [openai/gpt-5-mini, local/small] }
          local/odd: { routes: [openai/gpt-5] }
        """
    static let others = "\n  '*': { routes: ['local/*'] }"

    private func resolved(_ name: String?, _ configuration: Configuration) -> [String] {
        do {
            return try configuration.resolve(name).map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test(
        arguments: [
            ("fast", ["openai/gpt-5-mini", "local/small"]),
            ("local/odd", ["openai/gpt-5"]),
            ("local/a/b", ["local/a/b"]),
            ("sim/talk", ["sim/talk"]),
            (
                "openai/",
                [
                    "The model `openai/` does not exist. There is: fast, local/odd, local/MODEL, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
            (
                "gpt-5",
                [
                    "The model `gpt-5` does not exist. There is: fast, local/odd, local/MODEL, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
            (
                "*",
                [
                    "The model `*` does not exist. There is: fast, local/odd, local/MODEL, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
            (
                nil,
                [
                    "`model` is missing and no default_model is configured. There is: fast, local/odd, local/MODEL, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
        ] as [(String?, [String])])
    func withModels(_ name: String?, _ expected: [String]) throws {
        #expect(resolved(name, try parse(Self.configured)) == expected)
    }

    @Test(
        arguments: [
            ("fast", ["openai/gpt-5-mini", "local/small"]),
            ("openai/gpt-5", ["openai/gpt-5"]),
            ("gpt-5", ["local/gpt-5"]),
            ("meta/llama", ["local/meta/llama"]),
            ("*", ["local/*"]),
            (
                "",
                [
                    "`model` is missing and no default_model is configured. There is: fast, local/odd, any other name, local/MODEL, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
        ] as [(String, [String])])
    func withAnEntryForAllOthers(_ name: String, _ expected: [String]) throws {
        #expect(resolved(name, try parse(Self.configured + Self.others)) == expected)
    }

    @Test(
        arguments: [
            (nil, ["sim/talk"]),
            ("gpt-5", ["openai/gpt-5"]),
            ("o3-mini", ["openai/o3-mini"]),
            ("chatgpt-4o-latest", ["openai/chatgpt-4o-latest"]),
            ("openai/anything", ["openai/anything"]),
            ("sim/code-n5", ["sim/code-n5"]),
            (
                "ollama",
                [
                    "The model `ollama` does not exist. There is: gpt-…, openai/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
                ]
            ),
        ] as [(String?, [String])])
    func embedded(_ name: String?, _ expected: [String]) {
        let configuration = Configuration.embeddedDefaults { $0 == "OPENAI_API_KEY" ? "x" : nil }
        #expect(resolved(name, configuration) == expected)
    }

    @Test(
        arguments: [
            ("claude-sonnet-5", ["anthropic/claude-sonnet-5"]),
            ("gemini-3-pro", ["gemini/gemini-3-pro"]),
            ("gemini/tuned", ["gemini/tuned"]),
            (
                "gpt-5",
                [
                    "The model `gpt-5` does not exist. There is: claude-…, gemini-…, anthropic/MODEL, gemini/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think. It comes with OPENAI_API_KEY in the environment, or with a provider named `openai`."
                ]
            ),
        ])
    func eachVendorByItsKey(_ name: String, _ expected: [String]) throws {
        let keys = ["ANTHROPIC_API_KEY": "a", "GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "c"]
        let configuration = Configuration.embeddedDefaults { keys[$0] }
        #expect(resolved(name, configuration) == expected)
        let gemini = try #require(configuration.provider(named: "gemini"))
        #expect(gemini.kind.dialect == .gemini && gemini.apiKey?.reveal() == "b")
        #expect(gemini.baseURL?.text == "https://generativelanguage.googleapis.com/v1beta")
        #expect(configuration.provider(named: "anthropic")?.baseURL?.text == "https://api.anthropic.com/v1")
    }

    @Test func namesGoByTheirBeginningOnlyWithoutModels() throws {
        let configuration = try parse(
            """
            providers: { anthropic: { kind: anthropic, api_key: x }, vertex: { kind: gemini, base_url: "http://h" } }
            models: { fast: { routes: [anthropic/claude-haiku-5] } }
            """)
        #expect(resolved("fast", configuration) == ["anthropic/claude-haiku-5"])
        #expect(
            resolved("claude-haiku-5", configuration) == [
                "The model `claude-haiku-5` does not exist. There is: fast, anthropic/MODEL, vertex/MODEL, sim/talk, sim/code, sim/tools, sim/json, sim/think."
            ])
    }

    @Test func withoutAKeySimulatedTextNeverStandsInForAProvider() {
        let configuration = Configuration.embeddedDefaults { _ in "" }
        #expect(configuration.providers == [.simulator])
        #expect(
            resolved("gpt-5", configuration) == [
                "The model `gpt-5` does not exist. There is: sim/talk, sim/code, sim/tools, sim/json, sim/think. It comes with OPENAI_API_KEY in the environment, or with a provider named `openai`."
            ])
    }

    @Test func upstreamPassesEveryNameOn() throws {
        let configuration = Configuration.upstream(try HTTPURL(parsing: "http://127.0.0.1:9/v1"))
        #expect(resolved("gpt-5", configuration) == ["upstream/gpt-5"])
        #expect(resolved("sim/talk", configuration) == ["upstream/sim/talk"])
        #expect(configuration.relaysModelList)
        #expect(configuration.provider(named: "upstream")?.credentials == .pass)
    }

    @Test func anAttemptWaitsLongerForReasoning() {
        var deadlines = Configuration.Deadlines()
        deadlines.silence = .seconds(400)
        let attempt = deadlines.ofAttempt(wantsReasoning: true)
        #expect(attempt.content == .seconds(300) && attempt.stretchedSilence == .seconds(400))
        #expect(deadlines.ofAttempt(wantsReasoning: false).content == .seconds(60))
    }

    @Test func theSimulatorIsReachedLikeAnyProvider() {
        var configuration = Configuration.embeddedDefaults { _ in nil }
        configuration.placeSimulator(atPort: 4321)
        #expect(configuration.provider(named: "sim")?.baseURL?.text == "http://127.0.0.1:4321/v1")
    }
}
