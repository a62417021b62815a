extension Configuration {
    /// A name that clients ask for, and where it leads.
    package struct Model: Sendable, Equatable {
        /// Stands for every name that nothing else claims.
        package static let anyOther = "*"

        /// As clients ask for it, or `anyOther`.
        package var name: String
        /// In the order they are tried; never empty.
        package var routes: [Route]
    }

    /// One provider and the model asked of it.
    package struct Route: Sendable, Equatable {
        /// The model asked of the provider.
        package enum Target: Sendable, Equatable {
            case model(String)
            /// `provider/*`: the name the client asked for, as it is.
            case requestedName
        }

        /// The provider's name; it exists.
        package var provider: String
        /// What is asked of it.
        package var target: Target
        /// Those of the route, the model, the provider or the defaults: the nearest that says something.
        package var deadlines: Deadlines
    }

    /// Where one request goes: a provider that exists and its own name for the model.
    package struct ResolvedRoute: Sendable, Equatable, CustomStringConvertible {
        /// Who answers.
        package var provider: Provider
        /// The provider's name for the model.
        package var model: String
        /// How long this attempt may take.
        package var deadlines: Deadlines

        /// `provider/model`, as events and logs name it.
        package var description: String { "\(provider.name)/\(model)" }
    }
}

/// `provider/model`, split at the first `/`.
struct RouteName: Equatable {
    let provider: String
    /// Never empty; may hold further `/`.
    let model: String

    /// - Returns: `nil` without a `/`, or when either side of it is empty.
    init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        provider = String(text[..<slash])
        model = String(text[text.index(after: slash)...])
        if provider.isEmpty || model.isEmpty { return nil }
    }
}
