import FreshetHTTPWire

extension ConfigurationDecoder {
    /// Reads the `providers:` section; `declared` gains every name, those with problems too, so that routes to them are
    /// not reported again.
    mutating func providers(_ node: Node, declared: inout [String]) -> [Configuration.Provider] {
        let example = "local: { kind: openai, base_url: … }"
        var providers: [Configuration.Provider] = []
        for entry in entries(node, path: "providers", example: example) ?? [] {
            let path = "providers.\(entry.key)"
            checkName(entry, path: path, what: "a provider's name")
            guard entry.key != Configuration.Provider.simulatorName else {
                report(
                    "`\(path)`: the name `sim` belongs to the built-in simulator; choose another", at: entry.keyPosition
                )
                continue
            }
            declared.append(entry.key)
            if let provider = provider(entry, path: path) { providers.append(provider) }
        }
        return providers
    }

    private mutating func provider(_ entry: Node.Entry, path: String) -> Configuration.Provider? {
        let known = ["kind", "base_url", "api_key", "credentials", "deadlines", "include_usage"]
        guard let section = section(entry.value, path: path, known: known) else { return nil }
        let problemsBefore = problems.count
        var kind = Configuration.Provider.Kind.openAI
        if let node = section["kind"] {
            kind = choice(node, path: section.path("kind"), among: Configuration.Provider.Kind.configurable) ?? kind
        } else {
            report("`\(path)` needs `kind: openai`, `anthropic` or `gemini`", at: section.position)
        }
        var provider = Configuration.Provider(name: entry.key, kind: kind, baseURL: kind.baseURL)
        if let node = section["base_url"] { provider.baseURL = baseURL(node, path: section.path("base_url")) }
        if let node = section["api_key"] {
            provider.apiKey = secretText(node, path: section.path("api_key")).map { Secret($0) }
        }
        if let node = section["credentials"] {
            let choices = Configuration.Provider.Credentials.allCases
            let choice = choice(node, path: section.path("credentials"), among: choices)
            provider.credentials = choice ?? provider.credentials
        }
        if let node = section["deadlines"] {
            provider.deadlines = deadlines(node, path: section.path("deadlines"), base: provider.deadlines)
        }
        if let node = section["include_usage"] {
            provider.includesUsage =
                value(node, path: section.path("include_usage"), expected: "true or false") {
                    ["true": true, "false": false][$0]
                } ?? true
        }
        // What follows from a mistake is not another one.
        if problems.count == problemsBefore { checkCredentials(provider, section) }
        return provider
    }

    private mutating func baseURL(_ node: Node, path: String) -> HTTPURL? {
        guard let text = text(node, path: path) else { return nil }
        switch HTTPURL.baseURL(text) {
        case .success(let url): return url
        case .failure(let problem):
            report("`\(path)` \(problem)", at: node.position)
            return nil
        }
    }

    private mutating func checkCredentials(_ provider: Configuration.Provider, _ section: ConfigurationSection) {
        let path = section.path
        if provider.credentials == .pass, section["api_key"] != nil {
            report(
                "`\(path)` has an `api_key` and `credentials: pass`; keep one: with `pass` the client's own key "
                    + "goes up",
                at: section.position)
        }
        if provider.credentials == .own, section["api_key"] == nil, let url = provider.baseURL,
            url == provider.kind.baseURL
        {
            report(
                "`\(path)` goes to \(url.text), which needs `api_key` or `credentials: pass`; "
                    + "for another server give `base_url`", at: section.position)
        }
    }

    /// Reads a `deadlines:` section; `base` applies where it says nothing.
    mutating func deadlines(_ node: Node, path: String, base: Configuration.Deadlines) -> Configuration.Deadlines {
        let members = Configuration.Deadlines.members
        guard let section = section(node, path: path, known: members.map(\.key)) else { return base }
        var deadlines = base
        for (key, member) in members {
            guard let node = section[key] else { continue }
            if let duration = duration(node, path: section.path(key)) { deadlines[keyPath: member] = duration }
        }
        return deadlines
    }
}
