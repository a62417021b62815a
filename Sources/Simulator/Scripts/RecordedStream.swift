import FreshetPartialJSON

/// A recorded stream, event by event, every byte as it was, but for documents one a line: those become the frames that
/// the dialect's provider would send.
///
/// An event ends behind a blank line, whatever the line ends are. A recording that begins with `{` is one of JSON lines,
/// and there every line is one; of one that begins with `[` every element of the array is.
struct RecordedStream: Equatable, Sendable {
    private enum Form: Equatable {
        case events, lines, array
    }

    /// What becomes of a line.
    private enum Frame: Equatable {
        case asItIs, messages, geminiEvent, geminiElement
    }

    private let bytes: [UInt8]
    private let form: Form
    private var frame = Frame.asItIs
    private var position = 0
    private var isEnded = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        form =
            switch bytes.first {
            case UInt8(ascii: "{"): .lines
            case UInt8(ascii: "["): .array
            default: .events
            }
    }

    /// The same as it goes out at one place.
    func served(at endpoint: SimulatorEndpoint) -> RecordedStream {
        var stream = self
        guard form == .lines, isOfWholeLines else { return stream }
        switch endpoint {
        case .chatCompletions, .messagesCount, .gemini(_, .generateContent), .gemini(_, .countTokens): break
        case .messages: stream.frame = .messages
        case .gemini(_, .streamGenerateContent(let isEventStream)):
            stream.frame = isEventStream ? .geminiEvent : .geminiElement
        }
        return stream
    }

    /// A document of several lines is none of lines.
    private var isOfWholeLines: Bool {
        (try? JSONValue(parsing: Array(bytes.prefix { $0 != 0x0A }))) != nil
    }

    /// Of the response, once `served` said where.
    func contentType(at endpoint: SimulatorEndpoint) -> String {
        switch (form, frame) {
        case (.events, _), (.lines, .messages), (.lines, .geminiEvent): "text/event-stream; charset=utf-8"
        case (.lines, .asItIs) where endpoint == .chatCompletions: "application/x-ndjson"
        case (.lines, .asItIs), (.lines, .geminiElement), (.array, _): "application/json; charset=UTF-8"
        }
    }

    /// Appends the next event; `false` at the end.
    mutating func next(_ out: inout [UInt8]) -> Bool {
        while position < bytes.count {
            let start = position
            position = form == .array ? elementEnd() : eventEnd()
            if frame == .asItIs {
                out += bytes[start..<position]
                return true
            }
            if write(bytes[start..<position], isFirst: start == 0, &out) { return true }
        }
        guard frame == .geminiElement, !isEnded else { return false }
        isEnded = true
        out.append(UInt8(ascii: "]"))
        return true
    }

    /// One document in its frame; `false` for an empty line.
    private func write(_ line: ArraySlice<UInt8>, isFirst: Bool, _ out: inout [UInt8]) -> Bool {
        var line = line
        while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
        while let first = line.first, first == 0x0A || first == 0x0D { line.removeFirst() }
        guard !line.isEmpty else { return false }
        switch frame {
        case .asItIs: out += line
        case .messages:
            if let type = (try? JSONValue(parsing: Array(line)))?["type"]?.stringValue {
                out += "event: \(type)\n".utf8
            }
            out += Array("data: ".utf8) + line + Array("\n\n".utf8)
        case .geminiEvent: out += Array("data: ".utf8) + line + Array("\r\n\r\n".utf8)
        case .geminiElement: out += Array((isFirst ? "[" : ",\r\n").utf8) + line
        }
        return true
    }

    private func eventEnd() -> Int {
        var index = position
        var isLineEmpty = true
        var hasContent = false
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == 0x0A || byte == 0x0D else {
                isLineEmpty = false
                hasContent = true
                continue
            }
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            if hasContent, form == .lines || isLineEmpty { return index }
            isLineEmpty = true
        }
        return index
    }

    /// Behind the brace that closes the next element; the last takes what follows it.
    private func elementEnd() -> Int {
        var index = position
        var depth = 0
        var (isString, isEscaped) = (false, false)
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isString = true
            } else if byte == UInt8(ascii: "{") {
                depth += 1
            } else if byte == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0, bytes[index...].contains(UInt8(ascii: "{")) { return index }
            }
        }
        return index
    }
}
