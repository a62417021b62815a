import FreshetDialects
import FreshetHTTPWire

extension Framing {
    /// What `Accept` asks for: JSON lines where it names them, else server-sent events.
    init(accepting fields: HTTPFields) {
        let names = fields.values("accept").joined(separator: ",").lowercased().split(separator: ",")
        let wantsLines = names.contains { range in
            range.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" } == "application/x-ndjson"
        }
        self = wantsLines ? .jsonLines : .eventStream
    }
}
