import FreshetTransport
import Testing

@testable import FreshetGateway

/// Parses with variables A=alpha, KEY=sk-canary-1, EMPTY="", BROKEN with a line break.
func parse(_ text: String) throws(ConfigurationErrors) -> Configuration {
    let variables = ["A": "alpha", "KEY": "sk-canary-1", "EMPTY": "", "BROKEN": "sk-canary-2\n"]
    return try Configuration.parse(Array(text.utf8), file: "f.yaml", environment: { variables[$0] })
}

/// The lines of the errors, without the file's name.
func problems(_ text: String) -> [String] {
    do {
        _ = try parse(text)
        return []
    } catch {
        return error.description.split(separator: "\n").map { String($0.dropFirst("f.yaml:".count)) }
    }
}

struct ConfigurationFileTests {
    private let example = """
        listen: 127.0.0.1:8080
        providers:
          local:  { kind: openai, base_url: "http://127.0.0.1:11434/v1" }
          openai: { kind: openai, api_key: "${KEY}" }
        models:
          fast: { routes: [openai/gpt-5-mini] }
          "*":  { routes: ["local/*"] }        # any other name, passed on
        """

    @Test func readsTheExampleAndFillsInDefaults() throws {
        let configuration = try parse(example)
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(configuration.loops == nil)
        #expect(configuration.providers.map(\.name) == ["local", "openai", "sim"])
        let openai = try #require(configuration.provider(named: "openai"))
        #expect(openai.apiKey?.reveal() == "sk-canary-1")
        #expect(openai.baseURL?.text == "https://api.openai.com/v1")
        #expect(openai.credentials == .own && openai.includesUsage)
        #expect(openai.deadlines == Configuration.Deadlines())
        #expect(configuration.models?.map(\.name) == ["fast", "*"])
        #expect(configuration.defaultModel == nil)
        #expect(!configuration.relaysModelList)
    }

    @Test func readsEveryKey() throws {
        let configuration = try parse(
            """
            listen: "[::1]:0"
            loops: 2
            limits: { connections: 5, body: 1MiB, bodies: 2MiB, idle_time: 5m }
            hosts: [Chat.Example.com]
            default_model: fast
            keys: { alice: { key: "${A}" }, bob: { sha256: \(String(repeating: "0aB1", count: 16)) } }
            providers:
              a: { kind: openai, base_url: "https://[2001:db8::1]:8443/x/v1/", include_usage: false,
                   deadlines: { connect: 250ms, total: 2h } }
            models:
              fast:
                deadlines: { silence: 90s }
                routes:
                  - a/org/model
                  - { to: "a/*", deadlines: { silence: 1m, content_reasoning: 10m } }
            """)
        #expect(configuration.listen == ListenAddress(host: "::1", port: 0))
        #expect(configuration.loops == 2)
        #expect(configuration.hosts == ["chat.example.com"])
        var server = HTTPServerConfiguration()
        configuration.limits.apply(to: &server)
        #expect(server.limits.connections == 5 && server.limits.bodyBytes == 1 << 20)
        #expect(server.limits.allBodiesBytes == 2 << 20 && server.timeouts.idle == .seconds(300))
        #expect(server.timeouts.head == .seconds(10))
        #expect(configuration.keys.owners == ["alice", "bob"])
        #expect(configuration.keys.owner(presenting: "alpha") == "alice")
        let provider = try #require(configuration.provider(named: "a"))
        #expect(provider.baseURL?.text == "https://[2001:db8::1]:8443/x/v1")
        #expect(!provider.includesUsage)
        #expect(provider.deadlines.connect == .milliseconds(250) && provider.deadlines.total == .seconds(7200))
        let routes = try configuration.resolve(nil)
        #expect(routes.map(\.description) == ["a/org/model", "a/fast"])
        #expect(routes.map(\.deadlines.silence) == [.seconds(90), .seconds(60)])
        #expect(routes.map(\.deadlines.contentReasoning) == [.seconds(300), .seconds(600)])
        #expect(routes.map(\.deadlines.connect) == [.milliseconds(250), .milliseconds(250)])
    }

    @Test(
        arguments: [
            ("", "1:1: the configuration is empty; it needs at least `providers`"),
            ("- a", "1:1: the configuration must be a mapping (listen: …), not a list"),
            ("a: [", "2:1: not YAML: while parsing a flow node: did not find expected node content"),
            (
                "lsiten: 127.0.0.1:1",
                "1:1: unknown key `lsiten`; did you mean `listen`? Known here: listen, data, loops, hosts, default_model, providers, models, keys, limits, log, metrics"
            ),
            ("listen: 8080", "1:9: `listen` must be host:port, for example 127.0.0.1:8080 or [::1]:8080"),
            ("listen: example.com:80", "1:9: `listen` must name an IP address or localhost before the port"),
            ("listen: '127.0.0.1:65536'", "1:9: `listen` must be host:port, for example 127.0.0.1:8080 or [::1]:8080"),
            ("listen:", "1:8: `listen` must be a value, not nothing"),
            ("listen: &x a", "1:9: anchors (`&name`) are not supported; write the value out"),
            ("listen: *x", "1:9: aliases (`*name`) are not supported; write the value out"),
            ("listen: !!str a", "1:9: tags (`!name`) are not supported"),
            ("loops: 1\n---\nloops: 2", "2:1: a second document begins here; a configuration is one document"),
            ("loops: 1\nloops: 2", "2:1: `loops` is given twice; keep one of the two"),
            ("loops: 0", "1:8: `loops` must be a whole number from 1 to 256"),
            ("loops: +1", "1:8: `loops` must be a whole number from 1 to 256"),
            ("? [a]\n: b", "1:3: a key must be plain text"),
            ("hosts: a", "1:8: `hosts` must be a list ([chat.example.com]), not a single value"),
            ("hosts: ['a:80']", "1:9: `hosts` must be names without port, path or `*`"),
            (
                "default_model: x",
                "1:16: `default_model` leads nowhere; there is: sim/talk, sim/code, sim/tools, sim/json, sim/think"
            ),
            (
                "default_model: ${NOPE}",
                "1:16: `default_model` needs the environment variable NOPE, which is not set; set it, or write `$${` for a literal `${`"
            ),
            (
                "default_model: '${A'",
                "1:16: `default_model` holds `${` without a variable's name and `}`; write `$${` for a literal `${`"
            ),
            ("default_model: ${EMPTY}", "1:16: `default_model` is empty"),
            ("keys: { a: {} }", "1:12: `keys.a` needs either `key` or `sha256`"),
            ("keys: { a: { key: x, sha256: y } }", "1:12: `keys.a` needs either `key` or `sha256`"),
            ("keys: { a: { sha256: abc } }", "1:22: `keys.a.sha256` must be 64 hexadecimal digits"),
            ("keys: { a: { key: x }, b: { key: x } }", "1:27: `keys.b` is the same key as `keys.a`; give each its own"),
            (
                "keys: { a: { key: '${BROKEN}' } }",
                "1:19: `keys.a.key` must be visible ASCII, without spaces and line breaks"
            ),
            ("providers: { a: x }", "1:17: `providers.a` must be a mapping (kind: …), not a single value"),
            ("providers: { a: {} }", "1:17: `providers.a` needs `kind: openai`, `anthropic` or `gemini`"),
            ("providers: { a: { kind: opnai } }", "1:25: `providers.a.kind` must be openai or anthropic or gemini"),
            (
                "providers: { a/b: { kind: openai, base_url: 'http://h' } }",
                "1:14: `providers.a/b`: a provider's name is 1 to 64 letters, digits, `-`, `_` and `.`"
            ),
            (
                "providers: { sim: { kind: openai } }",
                "1:14: `providers.sim`: the name `sim` belongs to the built-in simulator; choose another"
            ),
            (
                "providers: { a: { kind: openai } }",
                "1:17: `providers.a` goes to https://api.openai.com/v1, which needs `api_key` or `credentials: pass`; for another server give `base_url`"
            ),
            (
                "providers: { a: { kind: anthropic } }",
                "1:17: `providers.a` goes to https://api.anthropic.com/v1, which needs `api_key` or `credentials: pass`; for another server give `base_url`"
            ),
            (
                "providers: { a: { kind: gemini } }",
                "1:17: `providers.a` goes to https://generativelanguage.googleapis.com/v1beta, which needs `api_key` or `credentials: pass`; for another server give `base_url`"
            ),
            (
                "providers: { a: { kind: anthropic, base_url: 'http://h/v1/messages' } }",
                "1:46: `providers.a.base_url` must end before /messages, which is appended"
            ),
            (
                "providers: { a: { kind: openai, api_key: x, credentials: pass } }",
                "1:17: `providers.a` has an `api_key` and `credentials: pass`; keep one: with `pass` the client's own key goes up"
            ),
            (
                "providers: { a: { kind: openai, credentials: pas } }",
                "1:46: `providers.a.credentials` must be pass or own"
            ),
            (
                "providers: { a: { kind: anthropic, api_key: x, base_url: 'https://api.anthropic.com/' } }",
                "1:58: `providers.a.base_url` must have the vendor's path: https://api.anthropic.com/v1"
            ),
            (
                "providers: { a: { kind: gemini, base_url: 'https://generativelanguage.googleapis.com/v1beta/models' } }",
                "1:43: `providers.a.base_url` must have the vendor's path: https://generativelanguage.googleapis.com/v1beta"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'ftp://h' } }",
                "1:43: `providers.a.base_url` is not valid: it must begin with http:// or https://"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://u:p@h/v1' } }",
                "1:43: `providers.a.base_url` is not valid: it must not hold a user name or password"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://h/v1?x' } }",
                "1:43: `providers.a.base_url` must end with its path: no `?`"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://h/v1/chat/completions' } }",
                "1:43: `providers.a.base_url` must end before /chat/completions, which is appended"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://h:0/v1' } }",
                "1:43: `providers.a.base_url` is not valid: its host or port is not valid"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://h', deadlines: { head: 30 } } }",
                "1:74: `providers.a.deadlines.head` must be a duration with a unit, ms, s, m or h (for example 30s), above zero and at most 168h"
            ),
            (
                "providers: { a: { kind: openai, base_url: 'http://h', deadlines: { hed: 30s } } }",
                "1:68: unknown key `hed` in `providers.a.deadlines`; did you mean `head`? Known here: connect, head, content, content_reasoning, silence, total"
            ),
            (
                "providers: { a: { kind: openai, credentials: pass } }\nkeys: { a: { key: x } }",
                "1:12: `providers.a.credentials: pass` cannot stand beside `keys`: callers' keys would be sent to the provider; use an api_key"
            ),
            (
                "limits: { body: 5 }",
                "1:17: `limits.body` must be a size with a unit, KiB or MiB (for example 32MiB), from 1KiB to 4096MiB"
            ),
            (
                "limits: { body: 512MiB }",
                "1:9: `limits.bodies` is less than `limits.body`, so that no such body is ever taken"
            ),
            ("limits: { connections: 1KiB }", "1:24: `limits.connections` must be a whole number from 1 to 1000000"),
            ("models: { a: {} }", "1:14: `models.a` needs `routes: [provider/model]`"),
            ("models: { a: { routes: [] } }", "1:24: `models.a.routes` is empty; give one route"),
            (
                "models: { a: { routes: [gpt] } }",
                "1:25: `models.a.routes` must be provider/model, or provider/* to pass the name on"
            ),
            (
                "models: { a: { routes: [simm/talk] } }",
                "1:25: `models.a.routes` leads to the provider `simm`, which does not exist; did you mean `sim`? There is: sim"
            ),
            (
                "models: { a: { routes: [{ deadlines: {} }] } }",
                "1:25: a route of `models.a.routes` needs `to: provider/model`"
            ),
            (String(repeating: "[", count: 40), "1:17: nested deeper than 16 levels"),
            ("listen: \"\\0\"", "1:9: a value holds a NUL"),
        ] as [(String, String)])
    func saysWhereAndWhat(_ text: String, _ expected: String) {
        #expect(problems(text) == [expected])
    }

    @Test func reportsEverythingAtOnceInOrder() {
        let found = problems(
            """
            models: { m: { routes: [p/x, q/x] } }
            providers: { p: { kind: openai, base_url: nope } }
            loops: many
            listn: x
            """)
        #expect(found.map { $0.prefix(2) } == ["1:", "2:", "3:", "4:"])
        #expect(found[0].contains("`q`"))
    }

    @Test func anEscapedVariableStaysText() throws {
        #expect(try parse("default_model: 'sim/$${A}${A}$5'").defaultModel == "sim/${A}alpha$5")
    }

    @Test func aMissingFileIsNamed() {
        let report = ConfigurationReport(file: "/nonexistent/f.yaml", environment: { _ in nil })
        #expect(report.errors == "/nonexistent/f.yaml: cannot be read: No such file or directory\n")
        #expect(report.exitCode == 1)
    }

    @Test func noBytesTrap() {
        let pieces = [
            "a", ":", " ", "\n", "[", "]", "{", "}", "\"", "'", "&", "*", "!", "-", "|", "\u{0}", "é", "${", "?", "%",
            "\t",
        ]
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0..<40, using: &numbers)).map { _ in pieces.randomElement(using: &numbers)! }
            _ = problems(text.joined())
        }
        _ = try? Configuration.parse([0xFF, 0xFE, 0x00, 0xD8, 0xC3], file: "f", environment: { _ in nil })
    }
}
