extension ConfigurationDecoder {
    /// Reads the `models:` section; `declared` holds every provider's name, those that were refused too.
    mutating func models(
        _ node: Node, providers: [Configuration.Provider], declared: [String]
    ) -> [Configuration.Model] {
        var models: [Configuration.Model] = []
        for entry in entries(node, path: "models", example: "fast: { routes: [openai/gpt-5-mini] }") ?? [] {
            let path = "models.\(entry.key)"
            if entry.key.isEmpty { report("a model's name is empty", at: entry.keyPosition) }
            guard let section = section(entry.value, path: path, known: ["routes", "deadlines"]) else { continue }
            guard let node = section["routes"] else {
                report("`\(path)` needs `routes: [provider/model]`", at: section.position)
                continue
            }
            guard let items = list(node, path: section.path("routes"), example: "[openai/gpt-5-mini]") else { continue }
            if items.isEmpty { report("`\(section.path("routes"))` is empty; give one route", at: node.position) }
            let routes = items.compactMap { route($0, of: section, providers: providers, declared: declared) }
            models.append(Configuration.Model(name: entry.key, routes: routes))
        }
        return models
    }

    /// A route is `provider/model`, or `{ to: provider/model, deadlines: … }`.
    private mutating func route(
        _ item: Node, of model: ConfigurationSection, providers: [Configuration.Provider], declared: [String]
    ) -> Configuration.Route? {
        let path = model.path("routes")
        var target = item
        var own: ConfigurationSection?
        if case .mapping = item.content {
            own = section(item, path: path, known: ["to", "deadlines"])
            guard let to = own?["to"] else {
                report("a route of `\(path)` needs `to: provider/model`", at: item.position)
                return nil
            }
            target = to
        }
        let name = value(target, path: path, expected: "provider/model, or provider/* to pass the name on") {
            RouteName($0)
        }
        guard let name, isDeclared(name.provider, among: declared, path: path, target) else { return nil }
        // The nearest that says something counts: route, model, provider, default.
        var deadlines = providers.first { $0.name == name.provider }?.deadlines ?? .init()
        for section in [model, own].compactMap({ $0 }) {
            guard let node = section["deadlines"] else { continue }
            deadlines = self.deadlines(node, path: section.path("deadlines"), base: deadlines)
        }
        return Configuration.Route(
            provider: name.provider, target: name.model == "*" ? .requestedName : .model(name.model),
            deadlines: deadlines)
    }

    private mutating func isDeclared(
        _ provider: String, among declared: [String], path: String, _ node: Node
    ) -> Bool {
        if declared.contains(provider) { return true }
        let name = hasVariable(node) ? "a provider" : "the provider `\(provider)`"
        let hint = NearestName.find(provider, among: declared).map { "; did you mean `\($0)`?" } ?? "."
        let all = declared.joined(separator: ", ")
        report("`\(path)` leads to \(name), which does not exist\(hint) There is: \(all)", at: node.position)
        return false
    }
}
