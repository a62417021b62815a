package import FreshetDialects
package import FreshetHTTPWire

extension Configuration {
    /// One place that answers requests.
    package struct Provider: Sendable, Equatable {
        /// How it is spoken to.
        package enum Kind: String, Sendable, CaseIterable {
            /// Speaks OpenAI's Chat Completions.
            case openAI = "openai"
            /// Speaks Anthropic's Messages.
            case anthropic
            /// Speaks Gemini's `generateContent`.
            case gemini
            /// The built-in one; cannot be configured.
            case simulator

            /// Those that a file may name.
            package static let configurable: [Kind] = [.openAI, .anthropic, .gemini]

            /// Its wire protocol.
            package var dialect: ProviderDialect {
                switch self {
                case .openAI, .simulator: .openAIChat
                case .anthropic: .anthropic
                case .gemini: .gemini
                }
            }

            /// The vendor's own, which nobody is let in to without a key; nil where there is no vendor.
            package var baseURL: HTTPURL? {
                switch self {
                case .openAI: .openAI
                case .anthropic: .anthropic
                case .gemini: .gemini
                case .simulator: nil
                }
            }

            /// The environment variable that switches the vendor on where nothing was configured, and the provider's
            /// name then.
            ///
            /// Google's own client reads `GOOGLE_API_KEY` too, but keys of all of Google's services go by that name: who
            /// set one for maps does not expect to be charged for answers.
            package var embedded: (variable: String, name: String)? {
                switch self {
                case .openAI: ("OPENAI_API_KEY", "openai")
                case .anthropic: ("ANTHROPIC_API_KEY", "anthropic")
                case .gemini: ("GEMINI_API_KEY", "gemini")
                case .simulator: nil
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
        /// Sent in the field that the kind has for keys; `nil`: nothing is sent under `own`.
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
