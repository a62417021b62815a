/// A version of HTTP.
public struct HTTPVersion: Comparable, Sendable {
    /// The digit before the dot.
    public let major: Int
    /// The digit behind the dot.
    public let minor: Int

    /// Any version; decoders let two pass.
    public init(major: Int, minor: Int) { (self.major, self.minor) = (major, minor) }

    /// No chunks, no kept connection unless asked for.
    public static let http10 = HTTPVersion(major: 1, minor: 0)
    /// What both sides speak.
    public static let http11 = HTTPVersion(major: 1, minor: 1)

    /// Whether `left` is the older one.
    public static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
}
