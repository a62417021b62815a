/// Writes an event stream. Every function appends whole blocks, so calls may come in any order.
///
/// ```
/// id: gen_01:4          left out when empty
/// event: token          left out when empty
/// data: first line      one line per line of the data
/// data: second line
///                       the blank line that dispatches
/// ```
/// CRLF and CR in data end a line as LF does: a reader gets LF for each. An id or type that holds CR, LF or NUL is a
/// fault of the caller and traps. Cost: linear; allocates only to grow `out`.
public enum EventStreamEncoder {
    /// Appends one event.
    ///
    /// - Parameters:
    ///   - id: UTF-8; empty for none.
    ///   - type: UTF-8; empty for `message`.
    ///   - data: Any bytes; empty makes an event with empty data.
    ///   - out: Grows by the event.
    public static func appendEvent(
        id: Span<UInt8>, type: Span<UInt8>, data: Span<UInt8>, to out: inout [UInt8]
    ) {
        if !id.isEmpty { appendName("id: ", id, to: &out) }
        if !type.isEmpty { appendName("event: ", type, to: &out) }
        appendLines(data, prefix: dataPrefix, to: &out)
        out.append(LineEnd.lineFeed)
    }

    /// Appends one event whose type is known at compile time.
    public static func appendEvent(
        id: Span<UInt8>, type: StaticString = "", data: Span<UInt8>, to out: inout [UInt8]
    ) {
        appendHead(id: id, type: type, to: &out)
        appendLines(data, prefix: dataPrefix, to: &out)
        out.append(LineEnd.lineFeed)
    }

    /// Appends one event without an id.
    public static func appendEvent(type: StaticString = "", data: Span<UInt8>, to out: inout [UInt8]) {
        appendEvent(id: Span(), type: type, data: data, to: &out)
    }

    /// Appends one event held in arrays.
    public static func appendEvent(
        id: [UInt8] = [], type: StaticString = "", data: [UInt8], to out: inout [UInt8]
    ) {
        appendEvent(id: id.span, type: type, data: data.span, to: &out)
    }

    /// Appends an event up to its data, which the caller then writes itself, on one line, and ends with
    /// `appendEventEnd`. Spares the copy of data that is known to hold neither CR nor LF, such as compact JSON.
    public static func appendEventStart(id: Span<UInt8>, type: StaticString = "", to out: inout [UInt8]) {
        appendHead(id: id, type: type, to: &out)
        out.append(dataPrefix)
    }

    /// Ends the line and the event that `appendEventStart` began.
    public static func appendEventEnd(to out: inout [UInt8]) {
        out.append(LineEnd.lineFeed)
        out.append(LineEnd.lineFeed)
    }

    /// Appends a block that commits an id and dispatches nothing; an empty id makes the reader forget its last one.
    public static func appendID(_ id: Span<UInt8>, to out: inout [UInt8]) {
        appendName("id: ", id, to: &out)
        out.append(LineEnd.lineFeed)
    }

    /// Appends a comment, one comment line per line of text.
    public static func appendComment(_ text: Span<UInt8>, to out: inout [UInt8]) {
        appendLines(text, prefix: ": ", to: &out)
        out.append(LineEnd.lineFeed)
    }

    /// Appends a comment known at compile time, such as a heartbeat.
    public static func appendComment(_ text: StaticString, to out: inout [UInt8]) {
        precondition(text.isOneLine, "a comment known at compile time is one line without NUL")
        out.append(": ")
        out.append(text)
        appendEventEnd(to: &out)
    }

    /// Appends a block that sets the time a reader waits before it connects again.
    public static func appendRetry(milliseconds: Int64, to out: inout [UInt8]) {
        precondition(milliseconds >= 0, "a reconnection time is not negative")
        out.append("retry: ")
        appendDecimal(UInt64(milliseconds), to: &out)
        appendEventEnd(to: &out)
    }
}

// MARK: - Lines

extension EventStreamEncoder {
    private static var dataPrefix: StaticString { "data: " }

    private static func appendHead(id: Span<UInt8>, type: StaticString, to out: inout [UInt8]) {
        if !id.isEmpty { appendName("id: ", id, to: &out) }
        if type.utf8CodeUnitCount > 0 {
            precondition(type.isOneLine, "ids and types are one line without NUL")
            out.append("event: ")
            out.append(type)
            out.append(LineEnd.lineFeed)
        }
    }

    private static func appendName(_ prefix: StaticString, _ value: Span<UInt8>, to out: inout [UInt8]) {
        precondition(value.isOneLine, "ids and types are one line without NUL")
        out.append(prefix)
        out.append(value)
        out.append(LineEnd.lineFeed)
    }

    private static func appendLines(_ text: Span<UInt8>, prefix: StaticString, to out: inout [UInt8]) {
        var start = 0
        while let end = text.firstLineEnd(from: start) {
            appendLine(text.extracting(start..<end), prefix: prefix, to: &out)
            start = end + 1
            let isPair = text[end] == LineEnd.carriageReturn && start < text.count && text[start] == LineEnd.lineFeed
            if isPair { start += 1 }
        }
        appendLine(text.extracting(start..<text.count), prefix: prefix, to: &out)
    }

    private static func appendLine(_ line: Span<UInt8>, prefix: StaticString, to out: inout [UInt8]) {
        out.append(prefix)
        out.append(line)
        out.append(LineEnd.lineFeed)
    }

    private static func appendDecimal(_ number: UInt64, to out: inout [UInt8]) {
        var power: UInt64 = 1
        while number / power >= 10 { power *= 10 }
        while power > 0 {
            out.append(UInt8(ascii: "0") + UInt8(number / power % 10))
            power /= 10
        }
    }
}

extension Span<UInt8> {
    fileprivate var isOneLine: Bool {
        for index in indices where self[index] == 0 || self[index] == 0x0A || self[index] == 0x0D { return false }
        return true
    }
}

extension StaticString {
    fileprivate var isOneLine: Bool { withUTF8Buffer { $0.allSatisfy { $0 != 0 && $0 != 0x0A && $0 != 0x0D } } }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }
}
