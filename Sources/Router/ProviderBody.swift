import FreshetDialects
import FreshetEventStreams
import FreshetHTTPWire

/// How a provider's answer is cut into frames.
enum ProviderBody {
    /// Server-sent events; what most providers say, or mean when they say nothing.
    case eventStream
    /// One JSON document a line.
    case jsonLines
    /// One JSON document: a provider that does not stream.
    case document
    /// The objects of one JSON array, each as it comes: Gemini without `alt=sse`. One that stands alone counts too.
    case elements
    /// Nothing a frame could be found in: the media type it named.
    case foreign(String)

    init(_ head: HTTPResponseHead, in dialect: ProviderDialect) {
        if let coding = head.fields["content-encoding"], coding.lowercased() != "identity" {
            // It was never asked for.
            self = .foreign("a body encoded as \(coding)")
            return
        }
        let type = head.fields.mediaType("content-type") ?? ""
        switch type {
        case "", "text/event-stream", "application/octet-stream", "text/plain": self = .eventStream
        case "application/x-ndjson", "application/jsonl", "application/json-lines": self = .jsonLines
        case _ where type == "application/json" || type.hasSuffix("+json"):
            self = dialect == .gemini ? .elements : .document
        default: self = .foreign(type)
        }
    }
}
