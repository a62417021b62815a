package import FreshetHTTPWire

/// Everything the gateway was told at its start, with every default filled in.
package struct Configuration: Sendable, Equatable {
    /// Address and port.
    package var listen = ListenAddress(host: "127.0.0.1", port: 8080)
    /// The folder where logged answers are kept; `nil`: they live in memory.
    package var data: String?
    /// Event loops; `nil`: one per available core.
    package var loops: Int?
    /// Names that `Host` may hold besides IP addresses and `localhost`; in lower case, without ports.
    package var hosts: [String] = []
    /// What a request that names no model gets; `nil`: such a request is refused.
    package var defaultModel: String?
    /// In the order of the file, then the simulator unless `upstream` made this.
    package var providers: [Provider] = []
    /// In the order of the file, `*` among them; `nil`: there is no `models:` section.
    package var models: [Model]?
    /// Who may call; empty: anybody this machine lets in, as owner `local`.
    package var keys = KeyRing()
    /// What clients are granted.
    package var limits = Limits()
    /// What is logged on standard output.
    package var log = Logging()
    /// Who may read `/metrics`.
    package var metricsAccess = MetricsAccess.key
    /// Whether `GET /v1/models` is answered by the provider instead of from the names known here.
    package var relaysModelList = false

    /// No providers; serves nothing yet.
    package init() {}

    /// The provider of that name, if there is one.
    package func provider(named name: String) -> Provider? { providers.first { $0.name == name } }

    /// Says where the simulator's server came to listen, so that `sim/…` reaches it like any other provider.
    package mutating func placeSimulator(atPort port: UInt16) {
        for index in providers.indices where providers[index].kind == .simulator {
            providers[index].baseURL = .literal("http://127.0.0.1:\(port)/v1")
        }
    }

    /// What serves where nothing was configured: the simulator, and each vendor whose key is set: `OPENAI_API_KEY`,
    /// `ANTHROPIC_API_KEY`, `GEMINI_API_KEY`.
    ///
    /// - Parameter environment: The value of a variable; `nil` or empty means not set.
    /// - Returns: No `models:` section; listens on 127.0.0.1:8080.
    package static func embeddedDefaults(environment: (String) -> String?) -> Configuration {
        var configuration = Configuration()
        for kind in Provider.Kind.configurable {
            guard let embedded = kind.embedded, let key = environment(embedded.variable), !key.isEmpty else { continue }
            configuration.providers.append(
                Provider(name: embedded.name, kind: kind, baseURL: kind.baseURL, apiKey: Secret(key)))
        }
        configuration.providers.append(.simulator)
        configuration.defaultModel = "sim/talk"
        return configuration
    }

    /// What serves in front of one OpenAI-compatible server: every name is passed on, and so are the client's own
    /// credentials.
    ///
    /// - Parameter url: Its base URL, `/v1` included.
    /// - Returns: One provider and the model `*`; no simulator.
    package static func upstream(_ url: HTTPURL) -> Configuration {
        var configuration = Configuration()
        let provider = Provider(name: "upstream", kind: .openAI, baseURL: url, credentials: .pass)
        configuration.providers = [provider]
        let route = Route(provider: provider.name, target: .requestedName, deadlines: provider.deadlines)
        configuration.models = [Model(name: Model.anyOther, routes: [route])]
        configuration.relaysModelList = true
        return configuration
    }
}
