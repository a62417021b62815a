import FreshetHTTPWire

/// The sections of the file, one function each.
extension ConfigurationDecoder {
    /// Reads the whole file; `nil` when nothing could be made of it. Problems are reported either way.
    mutating func configuration(_ root: Node?) -> Configuration? {
        guard let root, !root.isNull else {
            report("the configuration is empty; it needs at least `providers`", at: .init())
            return nil
        }
        let known = [
            "listen", "data", "loops", "hosts", "default_model", "providers", "models", "keys", "limits", "log",
            "metrics",
        ]
        guard let section = section(root, path: "", known: known) else { return nil }
        var configuration = Configuration()
        scalars(section, into: &configuration)
        if let node = section["limits"] { configuration.limits = limits(node) }
        if let node = section["log"] { configuration.log = logging(node) }
        if let node = section["metrics"] {
            let access = choice(node, path: "metrics", among: Configuration.MetricsAccess.allCases)
            configuration.metricsAccess = access ?? configuration.metricsAccess
        }
        if let node = section["keys"] { configuration.keys = keyRing(node) }
        var declared = [Configuration.Provider.simulatorName]
        if let node = section["providers"] {
            configuration.providers = providers(node, declared: &declared)
            refusePassing(with: configuration.keys, providers: configuration.providers, node)
        }
        configuration.providers.append(.simulator)
        if let node = section["models"] {
            configuration.models = models(node, providers: configuration.providers, declared: declared)
        }
        checkDefaultModel(section, configuration)
        return configuration
    }

    private mutating func scalars(_ section: ConfigurationSection, into configuration: inout Configuration) {
        if let node = section["listen"], let text = text(node, path: "listen") {
            do {
                configuration.listen = try ListenAddress(parsing: text)
            } catch {
                report("`listen` \(error)", at: node.position)
            }
        }
        if let node = section["data"] { configuration.data = text(node, path: "data") }
        if let node = section["loops"] {
            configuration.loops = value(node, path: "loops", expected: "a whole number from 1 to 256") { text in
                Quantity.count(text).flatMap { (1...256).contains($0) ? $0 : nil }
            }
        }
        if let node = section["default_model"] { configuration.defaultModel = text(node, path: "default_model") }
        if let node = section["hosts"], let items = list(node, path: "hosts", example: "[chat.example.com]") {
            for item in items {
                let host = value(item, path: "hosts", expected: "names without port, path or `*`") { text in
                    HTTPHost(parsing: text).flatMap { $0.port == nil ? $0.name : nil }
                }
                if let host { configuration.hosts.append(host) }
            }
        }
    }

    /// A caller's Freshet key would travel to the provider.
    private mutating func refusePassing(with keys: KeyRing, providers: [Configuration.Provider], _ node: Node) {
        guard !keys.isEmpty, let provider = providers.first(where: { $0.credentials == .pass }) else { return }
        report(
            "`providers.\(provider.name).credentials: pass` cannot stand beside `keys`: callers' keys would be sent to "
                + "the provider; use an api_key", at: node.position)
    }

    /// Only where nothing else is wrong: a model may be unknown because its own entry was refused.
    private mutating func checkDefaultModel(_ section: ConfigurationSection, _ configuration: Configuration) {
        guard let node = section["default_model"], configuration.defaultModel != nil, problems.isEmpty else { return }
        do {
            _ = try configuration.resolve(nil)
        } catch {
            report(
                "`default_model` leads nowhere; there is: \(configuration.knownNames.joined(separator: ", "))",
                at: node.position)
        }
    }

    // MARK: keys

    private mutating func keyRing(_ node: Node) -> KeyRing {
        var keys = KeyRing()
        for entry in entries(node, path: "keys", example: "alice: { key: \"${ALICE_KEY}\" }") ?? [] {
            let path = "keys.\(entry.key)"
            checkName(entry, path: path, what: "a key's name")
            guard let section = section(entry.value, path: path, known: ["key", "sha256"]),
                let digest = digest(section)
            else { continue }
            if let other = keys.add(digest, owner: entry.key) {
                report("`\(path)` is the same key as `keys.\(other)`; give each its own", at: entry.value.position)
            }
        }
        return keys
    }

    private mutating func digest(_ section: ConfigurationSection) -> KeyRing.Digest? {
        switch (section["key"], section["sha256"]) {
        case (let node?, nil):
            return secretText(node, path: section.path("key")).map { KeyRing.Digest(of: $0) }
        case (nil, let node?):
            return value(node, path: section.path("sha256"), expected: "64 hexadecimal digits") {
                KeyRing.Digest(hexadecimal: $0)
            }
        case (nil, nil), (_?, _?):
            report("`\(section.path)` needs either `key` or `sha256`", at: section.position)
            return nil
        }
    }

    /// Names appear in routes, logs and metrics.
    mutating func checkName(_ entry: Node.Entry, path: String, what: String) {
        let isPlain = entry.key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        if !isPlain || entry.key.isEmpty || entry.key.utf8.count > 64 {
            report("`\(path)`: \(what) is 1 to 64 letters, digits, `-`, `_` and `.`", at: entry.keyPosition)
        }
    }
}
