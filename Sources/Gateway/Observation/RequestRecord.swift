import FreshetGeneration
import FreshetHTTPWire
import FreshetTransport

/// What is noted about a request on its way to its line in the log. Goes wherever its exchange goes.
final class RequestRecord {
    /// The name of the key; empty where none was asked for.
    let owner: String
    /// The path that this program knows.
    let endpoint: String
    /// How the client is answered; nil for what is no answer of a model.
    let dialect: DialectName?
    /// What is read; nil until there is one.
    var generation: LiveGeneration?
    /// Whether the request made its generation, so that its first content is this request's.
    var isCreator = false
    /// Why it was refused; empty where it was not.
    var error = ""
    /// Events delivered.
    var events: UInt64 = 0

    /// Stands for all paths at which there is nothing.
    static let otherEndpoint = "other"
    /// Asked for by machines again and again; their lines are of use only when something is wrong.
    static let probes: Set = ["/healthz", "/readyz", "/metrics"]

    init(owner: String, endpoint: String, dialect: DialectName?) {
        (self.owner, self.endpoint, self.dialect) = (owner, endpoint, dialect)
    }
}

extension HTTPFields {
    /// Names what is read; to Anthropic's clients also as the id of the request, by which they tell of it, where the provider
    /// gave none.
    mutating func append(_ generation: GenerationID, for exchange: HTTPServerExchange) {
        append("x-freshet-generation", String(describing: generation))
        guard exchange.record?.dialect == .anthropic, self["request-id"] == nil else { return }
        append("request-id", String(describing: generation))
    }
}

extension HTTPServerExchange {
    /// What is noted about it; nil for what the dispatcher did not accept.
    var record: RequestRecord? { attachment as? RequestRecord }
}
