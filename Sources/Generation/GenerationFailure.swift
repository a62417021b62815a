/// Why a generation failed, as readers are told.
public struct GenerationFailure: Equatable, Sendable {
    /// What went wrong, in one word; open: a provider's own code passes as it is.
    public struct Code: Hashable, Sendable, ExpressibleByStringLiteral {
        /// The word on the wire, as in `provider_timeout`.
        public let name: String
        /// A code from outside: any word is taken as it is.
        public init(_ name: String) { self.name = name }
        /// Lets a code that has no constant here be written as a literal.
        public init(stringLiteral name: String) { self.name = name }

        /// The request is not one we can serve: HTTP 400.
        public static let invalidRequest: Code = "invalid_request"
        /// No or an unknown key: HTTP 401.
        public static let unauthorized: Code = "unauthorized"
        /// No route for the model's name: HTTP 404.
        public static let modelNotFound: Code = "model_not_found"
        /// A body past its limit: HTTP 413.
        public static let tooLarge: Code = "too_large"
        /// A limit of this process is reached: HTTP 503.
        public static let overloaded: Code = "overloaded"
        /// The provider refused our own key: HTTP 502.
        public static let providerAuth: Code = "provider_auth"
        /// No connection to the provider: HTTP 502.
        public static let providerUnreachable: Code = "provider_unreachable"
        /// The provider said what its protocol does not allow: HTTP 502.
        public static let providerMalformed: Code = "provider_malformed"
        /// The provider's stream ended before its answer did: HTTP 502.
        public static let providerTruncated: Code = "provider_truncated"
        /// The provider reported an error: HTTP 502 unless it came with a status.
        public static let providerError: Code = "provider_error"
        /// The provider was silent too long: HTTP 504.
        public static let providerTimeout: Code = "provider_timeout"
        /// This process is ending: HTTP 503.
        public static let shuttingDown: Code = "shutting_down"
        /// The answer outgrew its log: HTTP 502.
        public static let logFull: Code = "log_full"
    }

    /// For programs; also decides `status`.
    public var code: Code
    /// For people; never holds a secret.
    public var message: String
    /// Whether the same request may succeed when it is sent again.
    public var isRetryable: Bool
    /// The request's field at fault, as the client named it.
    public var parameter: String?
    /// Whether the code is a provider's own word: it says nothing about our caller, so its status is the provider's
    /// fault whatever the word.
    public var isProvidersWord = false
    /// The HTTP status that the provider gave, or means by its word; nil where it said none.
    public var providerStatus: Int?
    /// Seconds after which the provider wants to be asked again; nil where it did not say.
    public var retryAfter: Int?

    /// `message` reaches the client as it is: mask secrets before.
    public init(code: Code, message: String, isRetryable: Bool, parameter: String? = nil) {
        (self.code, self.message, self.isRetryable, self.parameter) = (code, message, isRetryable, parameter)
    }

    /// The HTTP status that says the same before the first byte.
    public var status: Int {
        if isProvidersWord, code != .providerTimeout { return 502 }
        return switch code {
        case .invalidRequest: 400
        case .unauthorized: 401
        case "forbidden": 403
        case .modelNotFound, "not_found": 404
        case "method_not_allowed": 405
        case "conflict": 409
        case "gone": 410
        case "idempotency_mismatch": 422
        case .tooLarge: 413
        case .overloaded, .shuttingDown: 503
        case .providerTimeout: 504
        default: 502
        }
    }
}
