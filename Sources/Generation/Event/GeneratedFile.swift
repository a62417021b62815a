/// A file that a model made, such as an image: its bytes or where they are.
public struct GeneratedFile: Hashable, Sendable {
    /// As in `image/png`.
    public var mediaType: String
    /// Base64 (RFC 4648, section 4), as the provider gave it; empty where `url` is there.
    public var data: String
    /// Where the file is found; nil where `data` holds it.
    public var url: String?

    /// One of `data` and `url` is given.
    public init(mediaType: String, data: String = "", url: String? = nil) {
        (self.mediaType, self.data, self.url) = (mediaType, data, url)
    }
}
