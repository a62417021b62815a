import FreshetGeneration
import FreshetPartialJSON

/// One attempt at a provider, as its line at `debug` tells it.
struct AttemptLine: Sendable {
    /// Unix time in ms.
    var time: UInt64
    var generation: GenerationID
    /// `provider/model`.
    var route: String
    /// Without query and user.
    var url: String
    /// nil when there was no response.
    var status: Int?
    var outcome: String
    /// Empty where it did not fail.
    var error = ""
    /// Whether its connection had served others before.
    var isReused = false
    /// In ns since the start; nil for phases that did not come.
    var connected: UInt64?
    var head: UInt64?
    var firstContent: UInt64?
    var ended: UInt64

    /// Appends the line as JSON, its line break included.
    func appendJSON(to out: inout [UInt8]) {
        out.appendLogStart(time, .debug, event: "attempt")
        out.appendJSON(raw: ",\"generation\":\"")
        generation.append(to: &out)
        out.append(0x22)
        out.appendLog(",\"route\":", route, longest: 256)
        out.appendLog(",\"url\":", url, longest: 512)
        if let status { out.appendLog(",\"status\":", UInt64(clamping: status)) }
        out.appendLog(",\"outcome\":", outcome)
        out.appendLog(",\"error\":", error, longest: 64)
        out.appendJSON(raw: ",\"reused\":")
        out.appendJSON(raw: isReused ? "true" : "false")
        if let connected { out.appendLog(",\"connected_ms\":", nanoseconds: connected) }
        if let head { out.appendLog(",\"head_ms\":", nanoseconds: head) }
        if let firstContent { out.appendLog(",\"first_content_ms\":", nanoseconds: firstContent) }
        out.appendLog(",\"ended_ms\":", nanoseconds: ended)
        out.appendJSON(raw: "}\n")
    }

    /// Appends the line for a person, its line break included.
    func appendText(to out: inout [UInt8]) {
        out.appendClock(time)
        out.appendJSON(raw: " attempt")
        out.appendWords(route, longest: 256)
        out.appendWords(url, longest: 512)
        if let status {
            out.append(0x20)
            out.appendJSON(integer: UInt64(clamping: status))
        }
        out.appendWords(outcome)
        out.appendWords(error, longest: 64)
        out.appendJSON(raw: isReused ? " (reused)" : " (new connection)")
        for (name, phase) in [("connected", connected), ("head", head), ("first", firstContent), ("ended", ended)] {
            guard let phase else { continue }
            out.appendWords(name)
            out.append(0x20)
            out.append(milliseconds: phase)
        }
        out.appendJSON(raw: " ms\n")
    }
}
