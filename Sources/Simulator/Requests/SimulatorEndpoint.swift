/// What of a provider is asked: its path, taken apart.
package enum SimulatorEndpoint: Equatable, Sendable {
    /// `POST /v1/chat/completions`.
    case chatCompletions
    /// `POST /v1/messages`.
    case messages
    /// `POST /v1/messages/count_tokens`.
    case messagesCount
    /// `POST /v1beta/models/{model}:{method}`.
    case gemini(model: String, GeminiMethod)

    /// What stands behind the colon.
    package enum GeminiMethod: Equatable, Sendable {
        case generateContent
        /// As one array, or with `alt=sse` as server-sent events.
        case streamGenerateContent(isEventStream: Bool)
        case countTokens
    }

    /// A path of the simulator's; `nil` for one at which nothing is asked by POST.
    ///
    /// - Parameters:
    ///   - path: Its parts, decoded; `v1` or `v1beta` at its front may be missing.
    ///   - isEventStream: Whether the query says `alt=sse`.
    package init?(path: [String], isEventStream: Bool) {
        let parts = ["v1", "v1beta"].contains(path.first) ? path.dropFirst() : path[...]
        switch parts {
        case ["chat", "completions"]: self = .chatCompletions
        case ["messages"]: self = .messages
        case ["messages", "count_tokens"]: self = .messagesCount
        default:
            guard parts.first == "models" else { return nil }
            let named = parts.dropFirst().joined(separator: "/")
            guard let colon = named.lastIndex(of: ":") else { return nil }
            let model = String(named[..<colon])
            switch named[named.index(after: colon)...] {
            case "generateContent": self = .gemini(model: model, .generateContent)
            case "streamGenerateContent":
                self = .gemini(model: model, .streamGenerateContent(isEventStream: isEventStream))
            case "countTokens": self = .gemini(model: model, .countTokens)
            default: return nil
            }
        }
    }

    /// In which words it is answered.
    package var dialect: SimulatorDialect {
        switch self {
        case .chatCompletions: .chat
        case .messages, .messagesCount: .messages
        case .gemini: .gemini
        }
    }
}

/// A wire protocol that the simulator speaks.
package enum SimulatorDialect: Equatable, Sendable {
    /// OpenAI's Chat Completions.
    case chat
    /// Anthropic's Messages.
    case messages
    /// Gemini's `generateContent`.
    case gemini

    /// The one of a request that leads nowhere, or asks for the models.
    ///
    /// - Parameters:
    ///   - path: Its parts, decoded.
    ///   - isAnthropic: Whether the request says that an Anthropic client makes it.
    ///   - isGoogle: The same of Google's.
    package init(path: [String], isAnthropic: Bool, isGoogle: Bool) {
        if path.first == "v1beta" || isGoogle {
            self = .gemini
        } else {
            self = isAnthropic || path.contains("messages") ? .messages : .chat
        }
    }
}
