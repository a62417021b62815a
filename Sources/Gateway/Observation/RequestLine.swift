import FreshetGeneration
import FreshetPartialJSON

/// One request, as its line in the log tells it. Holds no header, no query, no key and no word of a prompt or answer.
struct RequestLine: Sendable {
    /// Unix time in ms.
    var time: UInt64
    var level = LogLevel.info
    /// nil where the request had nothing to do with one.
    var generation: GenerationID?
    /// Empty when the head could not be read.
    var method = ""
    /// Without the query.
    var path = ""
    /// 0: the client left before a response began.
    var status = 0
    var dialect: DialectName?
    /// As the client asked.
    var model = ""
    /// `provider/model`.
    var route = ""
    /// The name of the key.
    var owner = ""
    var outcome = ""
    /// In ns; nil when there was no content, or it was not this request that asked for it.
    var firstContent: UInt64?
    /// In ns.
    var duration: UInt64 = 0
    /// Events delivered.
    var events: UInt64 = 0
    /// Bytes of the response.
    var bytes = 0
    /// Why it failed; empty where it did not.
    var error = ""
    /// The limit that was passed.
    var limit: String?

    /// Longer names are cut in the log: they come from clients.
    private static let longest = 256

    /// Appends the line as JSON, its line break included.
    func appendJSON(to out: inout [UInt8]) {
        out.appendLogStart(time, level, event: "request")
        if let generation {
            out.appendJSON(raw: ",\"generation\":\"")
            generation.append(to: &out)
            out.append(0x22)
        }
        out.appendLog(",\"method\":", method, longest: 32)
        out.appendLog(",\"path\":", path, longest: Self.longest)
        out.appendLog(",\"status\":", UInt64(clamping: status))
        out.appendLog(",\"dialect\":", dialect?.rawValue ?? "")
        out.appendLog(",\"model\":", model, longest: Self.longest)
        out.appendLog(",\"route\":", route, longest: Self.longest)
        out.appendLog(",\"owner\":", owner)
        out.appendLog(",\"outcome\":", outcome)
        if let firstContent { out.appendLog(",\"first_content_ms\":", nanoseconds: firstContent) }
        out.appendLog(",\"duration_ms\":", nanoseconds: duration)
        out.appendLog(",\"events\":", events)
        out.appendLog(",\"bytes\":", UInt64(clamping: bytes))
        out.appendLog(",\"error\":", error, longest: 64)
        out.appendLog(",\"limit\":", limit ?? "")
        out.appendJSON(raw: "}\n")
    }

    /// Appends the line for a person, its line break included.
    func appendText(to out: inout [UInt8]) {
        out.appendClock(time)
        out.appendWords(method.isEmpty ? "-" : method, longest: 32)
        out.appendWords(path.isEmpty ? "-" : path, longest: Self.longest)
        out.append(0x20)
        out.appendJSON(integer: UInt64(clamping: status))
        out.appendWords(outcome)
        out.appendWords(error, longest: 64)
        out.appendWords(limit ?? "")
        out.appendWords(route, longest: Self.longest)
        if let firstContent {
            out.appendJSON(raw: " first ")
            out.append(milliseconds: firstContent)
            out.appendJSON(raw: " ms,")
        }
        out.appendJSON(raw: " whole ")
        out.append(milliseconds: duration)
        out.appendJSON(raw: " ms ")
        if events > 0 {
            out.appendJSON(integer: events)
            out.appendJSON(raw: " events ")
        }
        out.appendJSON(integer: UInt64(clamping: bytes))
        out.appendJSON(raw: " bytes")
        if owner != "local" { out.appendWords(owner) }
        if let generation {
            out.append(0x20)
            generation.append(to: &out)
        }
        out.append(0x0A)
    }
}
