extension Configuration {
    /// Why a request leads nowhere.
    package enum ModelMiss: Error, Equatable, Sendable, CustomStringConvertible {
        /// No model was named and there is no `default_model`: a 400 that names `model`.
        case noneNamed(known: [String])
        /// A 404; where the name is of a vendor that is not there, with how it comes in.
        case unknown(String, known: [String], advice: String? = nil)

        /// What the client is told; lists what exists.
        package var description: String {
            switch self {
            case .noneNamed(let known):
                "`model` is missing and no default_model is configured. " + Self.offer(known)
            case .unknown(let name, let known, let advice):
                "The model `\(name.prefix(200))` does not exist. " + Self.offer(known) + (advice.map { " " + $0 } ?? "")
            }
        }

        private static func offer(_ known: [String]) -> String {
            known.isEmpty ? "No model is configured." : "There is: \(known.joined(separator: ", "))."
        }
    }

    /// Where a model's name leads: the first of an entry of that name, `provider/model`, the entry `*`, and, where no
    /// models are configured at all, the provider its beginning belongs to.
    ///
    /// - Parameter name: As the client sent it; `nil` or empty takes `defaultModel`.
    /// - Returns: At least one route, in the order to try them.
    /// - Throws: What the client is told, and whether it is its model or the missing name.
    /// - Complexity: O(providers + models).
    package func resolve(_ name: String?) throws(ModelMiss) -> [ResolvedRoute] {
        let asked = name.flatMap { $0.isEmpty ? nil : $0 } ?? defaultModel
        guard let asked else { throw .noneNamed(known: knownNames) }
        if asked != Model.anyOther, let model = models?.first(where: { $0.name == asked }) {
            return routes(of: model, asked: asked)
        }
        if let route = RouteName(asked), let provider = provider(named: route.provider) {
            return [ResolvedRoute(provider: provider, model: route.model, deadlines: provider.deadlines)]
        }
        if let model = models?.first(where: { $0.name == Model.anyOther }) {
            return routes(of: model, asked: asked)
        }
        if models == nil, let provider = provider(byPrefixOf: asked) {
            return [ResolvedRoute(provider: provider, model: asked, deadlines: provider.deadlines)]
        }
        throw .unknown(asked, known: knownNames, advice: models == nil ? Self.advice(for: asked) : nil)
    }

    private func routes(of model: Model, asked: String) -> [ResolvedRoute] {
        model.routes.compactMap { route in
            guard let provider = provider(named: route.provider) else { return nil }
            let name =
                switch route.target {
                case .model(let name): name
                case .requestedName: asked
                }
            return ResolvedRoute(provider: provider, model: name, deadlines: route.deadlines)
        }
    }

    private func provider(byPrefixOf name: String) -> Provider? {
        Self.vendor(byPrefixOf: name).flatMap { provider(named: $0) }
    }

    private static func vendor(byPrefixOf name: String) -> String? {
        if let vendor = prefixes.first(where: { name.hasPrefix($0.prefix) }) { return vendor.provider }
        let bytes = Array(name.utf8.prefix(2))
        let isSeries = bytes.count == 2 && bytes[0] == UInt8(ascii: "o") && (0x30...0x39).contains(bytes[1])
        return isSeries ? "openai" : nil
    }

    /// How the vendor of a name comes in that is not there.
    private static func advice(for name: String) -> String? {
        let vendor = vendor(byPrefixOf: name)
        let embedded = Provider.Kind.configurable.lazy.compactMap(\.embedded).first { $0.name == vendor }
        return embedded.map {
            "It comes with \($0.variable) in the environment, or with a provider named `\($0.name)`."
        }
    }

    /// How names of vendors' models begin, and what the vendor's provider is called.
    private static let prefixes: [(prefix: String, provider: String)] = [
        ("gpt-", "openai"), ("chatgpt-", "openai"), ("claude-", "anthropic"), ("gemini-", "gemini"),
    ]

    /// What can be asked for, as a list for people: names, then forms.
    package var knownNames: [String] {
        var names = modelNames
        if models?.contains(where: { $0.name == Model.anyOther }) == true { names.append("any other name") }
        if models == nil {
            let there = Self.prefixes.filter { $0.prefix != "chatgpt-" && provider(named: $0.provider) != nil }
            names += there.map { $0.prefix + "…" }
        }
        names += providers.flatMap { provider in
            provider.kind == .simulator ? Provider.simulatorModels : ["\(provider.name)/MODEL"]
        }
        return names
    }

    /// The names of the `models:` section without `*`, in its order: what `GET /v1/models` lists first.
    package var modelNames: [String] { (models ?? []).map(\.name).filter { $0 != Model.anyOther } }
}
