package import FreshetDialects
package import FreshetHTTPWire

extension Configuration {
    /// One place that answers requests.
    package struct Provider: Sendable, Equatable {
        /// How it is spoken to.
        package enum Kind: String, Sendable, CaseIterable {
            /// Speaks OpenAI's Chat Completions.
            case openAI = "openai"
            /// The built-in one; cannot be configured.
            case simulator

            /// Its wire protocol.
            package var dialect: ProviderDialect {
                switch self {
                case .openAI, .simulator: .openAIChat
                }
            }
        }

        /// Whose credentials go up.
        package enum Credentials: String, Sendable, CaseIterable {
            /// The client's own, held for that request alone.
            case pass
            /// `apiKey`, or none where there is none.
            case own
        }

        /// What routes call it; holds no `/`.
        package var name: String
        /// How it is spoken to.
        package var kind: Kind
        /// `nil` only for a simulator whose server does not listen yet.
        package var baseURL: HTTPURL?
        /// Sent as `Authorization: Bearer`; `nil`: nothing is sent under `own`.
        package var apiKey: Secret?
        /// Whose credentials go up.
        package var credentials = Credentials.own
        /// For routes that say nothing else.
        package var deadlines = Deadlines()
        /// Whether requests that did not ask for usage ask the provider for it all the same; the client sees none.
        package var includesUsage = true

        /// The simulator's name in `sim/…`; no other provider may have it.
        package static let simulatorName = "sim"
        /// Its models without any control, as a client names them.
        package static let simulatorModels = ["talk", "code", "tools", "json", "think"].map { simulatorName + "/" + $0 }
        /// The simulator before its server listens.
        package static let simulator = Provider(name: simulatorName, kind: .simulator)
    }
}
