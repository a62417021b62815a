/// A string as it stands in a JSON text. All methods want the text the token came from.
public struct JSONStringToken: Equatable, Sendable {
    /// The bytes between the quotes.
    public var range: Range<Int>
    /// Whether there is a backslash among them.
    public var isEscaped: Bool

    /// A token with that content.
    package init(range: Range<Int>, isEscaped: Bool) {
        (self.range, self.isEscaped) = (range, isEscaped)
    }

    /// The string whose opening quote stands before `start`; nil when it is malformed or cut.
    package init?(in text: Span<UInt8>, from start: Int) {
        do throws(JSONError) { self = try JSONScan.string(in: text, from: start) } catch { return nil }
    }

    /// Whether the string says `name`, compared as code points (no Unicode equivalence).
    ///
    /// - Complexity: O(`name`); allocates only for a string with escapes.
    @inline(__always)
    public func equals(_ name: StaticString, in text: Span<UInt8>) -> Bool {
        guard isEscaped || range.count == name.utf8CodeUnitCount else { return false }
        return equals(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount).span, in: text)
    }

    /// Whether the string says `name`, given as UTF-8 or WTF-8.
    package func equals(_ name: Span<UInt8>, in text: Span<UInt8>) -> Bool {
        guard !isEscaped else {
            var unescaped: [UInt8] = []
            appendUnescaped(from: text, to: &unescaped)
            return unescaped.count == name.count && unescaped.indices.allSatisfy { unescaped[$0] == name[$0] }
        }
        guard range.count == name.count else { return false }
        for offset in 0..<name.count where text[range.lowerBound &+ offset] != name[offset] { return false }
        return true
    }

    /// Appends what the string says.
    ///
    /// A surrogate without its partner becomes its three bytes of WTF-8 (ED A0…BF xx); a pair becomes one scalar of
    /// four, also when its high half already stands at the end of `out`.
    public func appendUnescaped(from text: Span<UInt8>, to out: inout [UInt8]) {
        guard isEscaped else { return out.append(copying: text.extracting(range)) }
        var at = range.lowerBound
        while at < range.upperBound {
            var run = at
            while run < range.upperBound, text[run] != .backslash { run &+= 1 }
            out.append(copying: text.extracting(at..<run))
            guard run &+ 1 < range.upperBound else { return }
            at = Self.appendEscape(in: text, at: run, to: &out)
        }
    }

    /// - Returns: The offset behind the escape at `start`.
    private static func appendEscape(in text: Span<UInt8>, at start: Int, to out: inout [UInt8]) -> Int {
        let mark = text[start + 1]
        guard mark == UInt8(ascii: "u") else {
            out.append(JSONEscape.byte(for: mark) ?? mark)
            return start + 2
        }
        var unit: UInt16 = 0
        for at in start + 2..<start + 6 { unit = unit &<< 4 | (text[at].hexadecimalValue ?? 0) }
        JSONEscape.append(codeUnit: unit, to: &out)
        return start + 6
    }

    /// What the string says, a lone surrogate as U+FFFD.
    public func string(in text: Span<UInt8>) -> String {
        guard isEscaped else {
            return text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        appendUnescaped(from: text, to: &bytes)
        return String(replacingSurrogatesOf: bytes)
    }
}

extension String {
    /// - Parameter bytes: WTF-8; each lone surrogate becomes one U+FFFD, which has as many bytes.
    package init(replacingSurrogatesOf bytes: [UInt8]) {
        var bytes = bytes
        for at in bytes.indices.dropLast(2) where bytes[at] == 0xED && bytes[at + 1] >= 0xA0 {
            (bytes[at], bytes[at + 1], bytes[at + 2]) = (0xEF, 0xBF, 0xBD)
        }
        self = String(decoding: bytes, as: UTF8.self)
    }
}
