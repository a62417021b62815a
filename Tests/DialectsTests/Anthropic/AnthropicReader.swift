import FreshetPartialJSON

/// What a client reads of an Anthropic stream: its events, and the rules it saw broken.
struct AnthropicReader {
    /// All but pings and errors.
    private(set) var events: [JSONValue] = []
    private(set) var error: JSONValue?
    private(set) var isDone = false
    private(set) var broken: [String] = []
    private var open: Int?
    private var next = 0
    private var isFinished = false

    init(_ stream: String, isLines: Bool = false) throws {
        for frame in stream.split(separator: isLines ? "\n" : "\n\n") {
            var lines = frame.split(separator: "\n").map(String.init)
            lines.removeAll { $0.hasPrefix("id: ") || $0.hasPrefix(":") }
            guard !lines.isEmpty else { continue }
            let isNamed = lines[0].hasPrefix("event: ")
            let name = isNamed ? lines.removeFirst().dropFirst("event: ".count) : nil
            let data = isLines ? lines[0] : String(lines[0].dropFirst("data: ".count))
            let event = try JSONValue(parsing: Array(data.utf8))
            let type = event["type"]?.stringValue ?? ""
            must(name.map { $0 == type } ?? true, "the event's name is its type")
            guard type != "ping" else { continue }
            must(error == nil && !isDone, "nothing follows the end")
            if type == "error" { error = event } else { events.append(event) }
            check(type, event)
        }
        must(isDone || error != nil || isLines && events.isEmpty, "every stream ends with message_stop or error")
    }

    private mutating func must(_ holds: Bool, _ rule: String) { if !holds { broken.append(rule) } }

    private mutating func check(_ type: String, _ event: JSONValue) {
        must(type == "error" || (events.count == 1) == (type == "message_start"), "one message_start, first")
        let index = event["index"]?.intValue
        switch type {
        case "message_start":
            let message = event["message"]
            for name in ["id", "model", "role", "usage"] { must(message?[name] != nil, "message_start has \(name)") }
            must(message?["content"]?.arrayValue?.isEmpty == true, "message_start has no content")
            must(message?["usage"]?["output_tokens"]?.intValue != nil, "message_start has usage")
        case "content_block_start":
            must(open == nil, "blocks one after the other")
            must(index == next, "the indexes rise")
            must(event["content_block"]?["type"]?.stringValue != nil, "a block has a type")
            (open, next) = (index, next + 1)
        case "content_block_delta": must(open != nil && open == index, "deltas belong to the open block")
        case "content_block_stop":
            must(open != nil && open == index, "the open block is ended")
            open = nil
        case "message_delta":
            must(open == nil, "all blocks have ended before message_delta")
            isFinished = isFinished || event["delta"]?["stop_reason"]?.stringValue != nil
        case "message_stop":
            must(isFinished, "message_delta before message_stop")
            isDone = true
        default: break
        }
    }
}
