extension Configuration {
    /// What is logged, and how it looks.
    package struct Logging: Sendable, Equatable {
        /// What is left out.
        package var level = LogLevel.info
        /// How a line looks.
        package var format = LogFormat.auto
    }

    /// Who may read `/metrics`.
    package enum MetricsAccess: String, Sendable, CaseIterable {
        /// Whoever may call: a key where there are keys.
        case key
        /// Everybody who reaches the gateway.
        case open
    }

    /// Names of models that may become labels of metrics: those that stand in the configuration.
    var metricNames: Set<String> {
        var names = Set(modelNames)
        if let defaultModel { names.insert(defaultModel) }
        for route in (models ?? []).flatMap(\.routes) {
            if case .model(let name) = route.target { names.insert(name) }
        }
        return names
    }
}

extension ConfigurationDecoder {
    /// Reads the `log:` section.
    mutating func logging(_ node: Node) -> Configuration.Logging {
        var logging = Configuration.Logging()
        guard let section = section(node, path: "log", known: ["level", "format"]) else { return logging }
        if let node = section["level"] {
            logging.level = choice(node, path: "log.level", among: LogLevel.allCases) ?? logging.level
        }
        if let node = section["format"] {
            logging.format = choice(node, path: "log.format", among: LogFormat.allCases) ?? logging.format
        }
        return logging
    }
}
