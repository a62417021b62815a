import Testing

@testable import FreshetGateway

struct ConfigurationReportTests {
    private let text = """
        listen: 0.0.0.0:9000
        loops: 2
        limits: { send_buffer: 100KiB, bodies: 64MiB }
        hosts: [chat.example.com]
        default_model: 'odd $${x} "name" \\'
        keys: { alice: { key: "${KEY}" } }
        providers:
          p: { kind: openai, api_key: "sk-canary-3", deadlines: { head: 1500ms } }
          local: { kind: openai, base_url: 'http://127.0.0.1:1/$${x}' }
          a: { kind: anthropic, api_key: "sk-canary-3" }
          g: { kind: gemini, api_key: "sk-canary-3", base_url: "http://127.0.0.1:2/v1beta" }
        models: { 'odd ${x} "name" \\': { routes: [p/gpt, { to: "p/*", deadlines: { total: 3h } }] } }
        """

    @Test func showsEverythingButSecrets() throws {
        let configuration = try parse(text)
        let output = configuration.effectiveValues
        #expect(!output.contains("canary"))
        #expect(output.contains("api_key: \"***\""))
        #expect(output.contains("head: 1500ms"))
        #expect(output.contains("kind: anthropic\n    base_url: \"https://api.anthropic.com/v1\""))
        #expect(output.contains("kind: gemini\n    base_url: \"http://127.0.0.1:2/v1beta\""))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("canary") && !"\(configuration)".contains("canary"))
        #expect(!String(reflecting: configuration).contains("canary"))
    }

    @Test func readsBackAsTheSameValues() throws {
        let configuration = try parse(text)
        let digest = "{ key: \"${KEY}\" }"
        let output = configuration.effectiveValues
            .split(separator: "\n").map { line in
                line.contains("sha256")
                    ? "  alice: \(digest)" : line.contains("api_key") ? "    api_key: sk-canary-3" : line
            }
            .joined(separator: "\n")
        #expect(try parse(output) == configuration)
    }

    @Test func errorsShowNoSecret() {
        let wrong = [
            "keys: { a: { key: 'sk canary' } }", "providers: { p: { kind: openai, api_key: '${BROKEN}' } }",
            "listen: ${KEY}", "loops: ${KEY}", "providers: { p: sk-canary }", "keys: sk-canary",
            "models: { m: { routes: ['${KEY}', '${KEY}/x'] } }", "default_model: ${KEY}", "hosts: ['${KEY}:1']",
            "providers: { p: { kind: openai, base_url: '${KEY}', credentials: '${KEY}', deadlines: { head: '${KEY}' } } }",
        ]
        for text in wrong {
            let found = problems(text)
            #expect(!found.isEmpty && !found.joined().contains("canary"), "\(text): \(found)")
        }
    }
}
