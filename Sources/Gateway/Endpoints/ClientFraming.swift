import FreshetDialects
import FreshetHTTPWire

extension Framing {
    /// What `Accept` asks for: JSON lines where it names them, else server-sent events.
    init(accepting fields: HTTPFields) {
        self = fields.contains("accept", mediaType: "application/x-ndjson") ? .jsonLines : .eventStream
    }
}
