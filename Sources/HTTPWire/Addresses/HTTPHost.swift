/// A host with an optional port, as in a `Host` field or a URL.
///
///     127.0.0.1:8080   [::1]:8080   localhost   api.example.com:443
public struct HTTPHost: Hashable, Sendable {
    /// What stands for the host.
    public enum Kind: Hashable, Sendable {
        case ipv4
        case ipv6
        case localhost
        case name
    }

    /// What `name` is.
    public let kind: Kind
    /// In lower case, without brackets and without the dot that may end a name.
    public let name: String
    /// From 1; nil when none is given.
    public let port: UInt16?

    /// Reads the value of a `Host` field, or a URL's authority.
    ///
    /// - Parameter text: The whole value. Refused, with nil: an empty host, a port that is empty or 0, anything that
    ///   looks like an IPv4 address but is not four plain decimal numbers, zones, percent-encoding, user names.
    public init?(parsing text: String) {
        self.init(0..<text.utf8.count, in: text.utf8.span)
    }

    init?(_ range: Range<Int>, in bytes: Span<UInt8>) {
        guard !range.isEmpty else { return nil }
        let end: Int
        if bytes[range.lowerBound] == .openBracket {
            guard let close = bytes.firstIndex(of: .closeBracket, in: range) else { return nil }
            let inside = range.lowerBound &+ 1..<close
            guard IPv6Text.groups(inside, in: bytes) != nil else { return nil }
            (kind, name, end) = (.ipv6, bytes.string(inside).lowercased(), close &+ 1)
        } else {
            end = bytes.firstIndex(of: .colon, in: range) ?? range.upperBound
            guard let (kind, name) = Self.registered(range.lowerBound..<end, in: bytes) else { return nil }
            (self.kind, self.name) = (kind, name)
        }
        if end == range.upperBound {
            port = nil
        } else {
            guard bytes[end] == .colon, let number = Self.port(end &+ 1..<range.upperBound, in: bytes) else {
                return nil
            }
            port = number
        }
    }

    /// The host as it stands in a `Host` field, IPv6 in brackets, without a port.
    public var bracketedName: String { kind == .ipv6 ? "[" + name + "]" : name }

    /// Whether the host names this machine by its form alone: 127.0.0.0/8, ::1 or `localhost`.
    public var isLoopback: Bool {
        switch kind {
        case .localhost: true
        case .ipv4: name.hasPrefix("127.")
        case .ipv6: IPv6Text.groups(0..<name.utf8.count, in: name.utf8.span) == [0, 0, 0, 0, 0, 0, 0, 1]
        case .name: false
        }
    }

    private static func registered(_ range: Range<Int>, in bytes: Span<UInt8>) -> (Kind, String)? {
        guard !range.isEmpty else { return nil }
        let hasDot = bytes[range.upperBound &- 1] == .dot
        let whole = range.lowerBound..<(hasDot ? range.upperBound &- 1 : range.upperBound)
        guard (1...253).contains(whole.count) else { return nil }
        var label = whole.lowerBound..<whole.lowerBound
        var start = whole.lowerBound
        while start <= whole.upperBound {
            label = start..<(bytes.firstIndex(of: .dot, in: start..<whole.upperBound) ?? whole.upperBound)
            guard isLabel(label, in: bytes) else { return nil }
            start = label.upperBound &+ 1
        }
        if isNumeric(label, in: bytes) {
            return IPv4Text.number(whole, in: bytes) == nil ? nil : (.ipv4, bytes.string(whole))
        }
        let isLocal = bytes.matches(whole, lowercase: "localhost")
        return isLocal ? (.localhost, "localhost") : (.name, bytes.string(whole).lowercased())
    }

    private static func isLabel(_ range: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        guard (1...63).contains(range.count), bytes[range.lowerBound] != .hyphen,
            bytes[range.upperBound &- 1] != .hyphen
        else { return false }
        return bytes.allSatisfy(range) { $0.isLetter || $0.isDigit || $0 == .hyphen || $0 == .underscore }
    }

    /// Whether some readers would take a name with this last label for an IPv4 address (`127.1`, `0x7f000001`).
    private static func isNumeric(_ label: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        if bytes.allSatisfy(label, \.isDigit) { return true }
        return label.count >= 2 && bytes.matches(label.lowerBound..<label.lowerBound &+ 2, lowercase: "0x")
            && bytes.allSatisfy(label.lowerBound &+ 2..<label.upperBound) { $0.hexValue != nil }
    }

    private static func port(_ range: Range<Int>, in bytes: Span<UInt8>) -> UInt16? {
        guard range.count <= 5, let number = bytes.decimal(range), number > 0 else { return nil }
        return UInt16(exactly: number)
    }
}
