public import FreshetDialects
public import FreshetGeneration
public import FreshetHTTPWire
public import FreshetRelay
public import FreshetTransport

/// One request to one route, ready to be sent.
public struct ProviderRequest: Sendable {
    /// What the provider speaks.
    public var dialect = ProviderDialect.openAIChat
    /// The provider's server.
    public var origin: HTTPOrigin
    /// Connections are shared only among requests with the same key.
    public var poolKey: String
    /// Path and query.
    public var target: String
    /// Everything but `Host` and the body's length.
    public var fields: HTTPFields
    /// In the provider's dialect; a stream is always asked for.
    public var body: [UInt8]
    /// `provider/model`, as readers see it.
    public var route: String
    /// The route's, with the longer wait where reasoning was asked for.
    public var deadlines: AttemptDeadlines
    /// What must never reach a client: taken out of whatever the provider sends back outside its stream.
    public var secret: String?
    /// Whether the key is ours: then the provider's 401 and 403 are our fault, not the caller's.
    public var hasConfiguredKey: Bool
    /// What its answer may hold.
    public var limits = AnswerLimits()

    /// The fields go out as they are: what must not travel has been left out before.
    public init(
        origin: HTTPOrigin, poolKey: String, target: String, fields: HTTPFields, body: [UInt8], route: String,
        deadlines: AttemptDeadlines, secret: String?, hasConfiguredKey: Bool
    ) {
        (self.origin, self.poolKey, self.target, self.fields) = (origin, poolKey, target, fields)
        (self.body, self.route, self.deadlines) = (body, route, deadlines)
        (self.secret, self.hasConfiguredKey) = (secret, hasConfiguredKey)
    }
}

/// A provider's answer that is no stream: its error, as it came, the route's key masked.
public struct ProviderRefusal: Sendable {
    /// 400 or above.
    public var status: Int
    /// Empty when the provider named none.
    public var contentType: String
    /// At most 256 KiB; the rest of a longer one is missing.
    public var body: [UInt8]
}

/// How an attempt ended.
public enum AttemptEnd: Sendable {
    /// The answer is whole.
    case finished
    /// It is not. `raw` is the provider's error in its own words, where it reported one in its stream; the refusal
    /// where it answered with an error status.
    case failed(GenerationFailure, raw: [UInt8]?, refusal: ProviderRefusal?)
}
