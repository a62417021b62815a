/// A source of what a block of text says. What nobody said is nil.
public struct Citation: Hashable, Sendable {
    /// Where the source is found.
    public var url: String?
    /// The source's title, or a document's name.
    public var title: String?
    /// The words of the source.
    public var text: String?
    /// Where in the block's text the cited part begins, in bytes of UTF-8.
    public var start: Int?
    /// Where it ends, likewise.
    public var end: Int?

    /// One of `url`, `title` and `text` should be there.
    public init(url: String? = nil, title: String? = nil, text: String? = nil, start: Int? = nil, end: Int? = nil) {
        (self.url, self.title, self.text, self.start, self.end) = (url, title, text, start, end)
    }
}
