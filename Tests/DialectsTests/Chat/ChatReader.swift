import FreshetPartialJSON

/// Reads a Chat stream as a client would.
struct ChatReader {
    var chunks: [JSONValue] = []
    var error: JSONValue?
    var isDone = false
    /// Frames that came after the error or the end.
    var late = 0

    /// - Parameter text: An event stream; with `isLines` one chunk a line.
    init(_ text: String, isLines: Bool = false) throws {
        for frame in text.split(separator: isLines ? "\n" : "\n\n") where !frame.hasPrefix(":") {
            let data = isLines ? frame : frame.dropFirst("data: ".count)
            if isDone || error != nil { late += 1 }
            if data == "[DONE]" {
                isDone = true
                continue
            }
            let value = try JSONValue(parsing: Array(data.utf8))
            if let error = value["error"] { self.error = error } else { chunks.append(value) }
        }
    }
}
