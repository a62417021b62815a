/// What `freshet check FILE` says.
package struct ConfigurationReport: Sendable, Equatable {
    /// For standard output: the effective values as YAML, without secrets; empty when there are problems.
    package let output: String
    /// For standard error, one line a problem.
    package let errors: String
    /// 0, or 1 when there are problems.
    package var exitCode: Int32 { errors.isEmpty ? 0 : 1 }

    /// Reads and checks a file.
    package init(file: String, environment: @escaping (String) -> String? = Configuration.processEnvironment) {
        do {
            output = try Configuration.load(file: file, environment: environment).effectiveValues
            errors = ""
        } catch {
            output = ""
            errors = "\(error)\n"
        }
    }
}

extension Configuration {
    /// Every value in force as YAML, defaults filled in, each secret shown as `***`.
    package var effectiveValues: String {
        var lines = ["listen: \(YAMLText.quoted(value: listen.description))"]
        lines.append(
            data.map { "data: \(YAMLText.quoted(value: $0))" }
                ?? "# data: none said; beside this file, in freshet-data")
        lines.append(loops.map { "loops: \($0)" } ?? "# loops: one per available core")
        lines.append("hosts: [\(hosts.map { YAMLText.quoted(value: $0) }.joined(separator: ", "))]")
        lines.append(
            defaultModel.map { "default_model: \(YAMLText.quoted(value: $0))" }
                ?? "# default_model: none; a request must name its model")
        if keys.isEmpty {
            lines.append("# keys: none; anybody on this machine may call")
        } else {
            lines.append("keys:")
            lines += keys.owners.map { "  \(YAMLText.quoted($0)): { sha256: \"***\" }" }
        }
        lines.append("limits:")
        lines += Limits.members.map { "  \($0.key): \(limits.text($0))  # past it: \($0.consequence)" }
        lines.append("log: { level: \"\(log.level.rawValue)\", format: \(log.format.rawValue) }")
        lines.append("metrics: \(metricsAccess.rawValue)")
        lines += providerLines
        lines += modelLines
        return lines.joined(separator: "\n") + "\n"
    }

    private var providerLines: [String] {
        let configured = providers.filter { $0.kind != .simulator }
        var lines = [configured.isEmpty ? "providers: {}" : "providers:"]
        for provider in configured {
            lines.append("  \(YAMLText.quoted(provider.name)):")
            lines.append("    kind: \(provider.kind.rawValue)")
            if let url = provider.baseURL { lines.append("    base_url: \(YAMLText.quoted(value: url.text))") }
            if let key = provider.apiKey { lines.append("    api_key: \"\(key)\"") }
            lines.append("    credentials: \(provider.credentials.rawValue)")
            lines.append("    include_usage: \(provider.includesUsage)")
            lines.append("    deadlines: \(provider.deadlines.flowMapping)")
        }
        if configured.count < providers.count { lines.append("  # \(Provider.simulatorName): the built-in simulator") }
        return lines
    }

    private var modelLines: [String] {
        guard let models else { return ["# models: none; provider/model, and names by their beginning"] }
        guard !models.isEmpty else { return ["models: {}"] }
        var lines = ["models:"]
        for model in models {
            lines.append("  \(YAMLText.quoted(model.name)):")
            lines.append("    routes:")
            for route in model.routes {
                lines.append("      - to: \(YAMLText.quoted(value: route.description))")
                lines.append("        deadlines: \(route.deadlines.flowMapping)")
            }
        }
        return lines
    }
}

extension Configuration.Deadlines {
    fileprivate var flowMapping: String {
        let members = Self.members.map { "\($0.key): \(self[keyPath: $0.path].inConfigurationUnits)" }
        return "{ \(members.joined(separator: ", ")) }"
    }
}

extension Configuration.Route: CustomStringConvertible {
    /// As the configuration writes it.
    package var description: String {
        switch target {
        case .model(let name): "\(provider)/\(name)"
        case .requestedName: "\(provider)/*"
        }
    }
}

/// Writes YAML that reads back as the same text.
enum YAMLText {
    /// A name, as `quoted(value:)` without what only values need.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A value: a literal `${` would be taken for a variable when it is read back, so it becomes `$${`.
    static func quoted(value: String) -> String {
        var escaped: [UInt8] = []
        for byte in value.utf8 {
            if byte == UInt8(ascii: "{"), escaped.last == UInt8(ascii: "$") { escaped.append(UInt8(ascii: "$")) }
            escaped.append(byte)
        }
        return quoted(String(decoding: escaped, as: UTF8.self))
    }
}
