/// What a provider gave along with reasoning and wants back unchanged: it proves the reasoning, or stands for it.
///
/// It is opaque, and worth something only to the provider whose dialect it names.
public struct Signature: Hashable, Sendable {
    /// The dialect in which it was given.
    public var dialect: DialectName
    /// As it stood in the provider's JSON, unescaped.
    public var value: String
    /// Whether it is the reasoning itself, encrypted, and no text goes with it.
    public var isRedacted: Bool

    /// `value` is never looked into: it goes back byte for byte.
    public init(dialect: DialectName, value: String, isRedacted: Bool = false) {
        (self.dialect, self.value, self.isRedacted) = (dialect, value, isRedacted)
    }
}
