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
        let bytes = text.utf8
        let hostEnd: String.Index
        if bytes.first == .openBracket {
            guard let close = bytes.firstIndex(of: .closeBracket) else { return nil }
            let inside = text[bytes.index(after: text.startIndex)..<close].lowercased()
            guard IPv6Text.isValid(inside) else { return nil }
            (kind, name) = (.ipv6, inside)
            hostEnd = bytes.index(after: close)
        } else {
            hostEnd = bytes.firstIndex(of: .colon) ?? text.endIndex
            guard let (kind, name) = Self.registered(text[..<hostEnd]) else { return nil }
            (self.kind, self.name) = (kind, name)
        }
        if hostEnd == text.endIndex {
            port = nil
        } else {
            guard bytes[hostEnd] == .colon,
                let number = Self.port(text[bytes.index(after: hostEnd)...])
            else { return nil }
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
        case .ipv6: IPv6Text.isLoopback(name)
        case .name: false
        }
    }

    private static func registered(_ text: Substring) -> (Kind, String)? {
        let text = text.utf8.last == .dot ? text[..<text.utf8.index(before: text.endIndex)] : text
        guard !text.isEmpty, text.utf8.count <= 253 else { return nil }
        var last = text.utf8[...]
        for label in text.utf8.split(separator: .dot, omittingEmptySubsequences: false) {
            guard isLabel(label) else { return nil }
            last = label
        }
        let name = text.lowercased()
        if isNumeric(last) { return IPv4Text.isValid(name) ? (.ipv4, name) : nil }
        return (name == "localhost" ? .localhost : .name, name)
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard !label.isEmpty, label.count <= 63, label.first != .hyphen, label.last != .hyphen else { return false }
        return label.allSatisfy { $0.isLetter || $0.isDigit || $0 == .hyphen || $0 == .underscore }
    }

    /// Whether some readers would take a name with this last label for an IPv4 address (`127.1`, `0x7f000001`).
    private static func isNumeric(_ label: Substring.UTF8View) -> Bool {
        if label.allSatisfy(\.isDigit) { return true }
        return label.count >= 2 && label.first == .zero && label.dropFirst().first.map(\.lowercased) == 0x78
            && label.dropFirst(2).allSatisfy { $0.hexValue != nil }
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit), let number = UInt16(text), number > 0
        else { return nil }
        return number
    }
}
