public import FreshetGeneration

/// A signature of one dialect on its way through a client of another, which hands it back without looking at it:
/// `freshet.` the dialect `.` the value, or `freshet.` the dialect `.redacted.` the value; in Gemini all of it in base64,
/// because its clients take signatures for bytes.
///
/// So what comes back goes to the provider that gave it, byte for byte, and to no other.
extension Signature {
    private static let mark = "freshet."
    private static let redacted = "redacted."

    /// What clients of a dialect are given.
    ///
    /// - Parameter client: The client's dialect.
    /// - Returns: The value itself in the provider's own dialect.
    public func value(for client: DialectName) -> String {
        guard client != dialect else { return value }
        let enveloped = Self.mark + dialect.rawValue + "." + (isRedacted ? Self.redacted : "") + value
        return client == .gemini ? Base64.encode(enveloped.utf8) : enveloped
    }

    /// Reads what a client of a dialect hands back.
    ///
    /// - Parameters:
    ///   - given: As it stands in the request, unescaped.
    ///   - client: The client's dialect, and the signature's where no envelope names another.
    ///   - isRedacted: Whether the client's dialect says that it stands for the reasoning.
    public init(given: String, by client: DialectName, isRedacted: Bool = false) {
        self.init(dialect: client, value: given, isRedacted: isRedacted)
        var text = given
        if client == .gemini, let bytes = Base64.decode(given), bytes.starts(with: Self.mark.utf8) {
            text = String(decoding: bytes, as: UTF8.self)
        }
        guard text.hasPrefix(Self.mark) else { return }
        let rest = text.dropFirst(Self.mark.count)
        guard let dot = rest.firstIndex(of: "."), let named = DialectName(rawValue: String(rest[..<dot])) else {
            return
        }
        let inner = rest[rest.index(after: dot)...]
        self.isRedacted = inner.hasPrefix(Self.redacted)
        (dialect, value) = (named, String(self.isRedacted ? inner.dropFirst(Self.redacted.count) : inner))
    }
}
