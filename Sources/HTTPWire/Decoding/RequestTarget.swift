/// A request's target in one of its forms: RFC 9112 §3.2.
struct RequestTarget {
    let path: String
    let query: String?
    /// The authority of the absolute form, with the port of its scheme; nil in the other forms.
    let authority: (host: HTTPHost, defaultPort: UInt16)?

    /// `text` is visible ASCII up to the first `?`, and not empty.
    init(_ text: String, method: String) throws(HTTPError) {
        if text == "*" {
            guard method == "OPTIONS" else { throw .badTarget }
            (path, query, authority) = ("*", nil, nil)
        } else if text.utf8.first == .slash {
            (path, query) = Self.split(text[...])
            authority = nil
        } else {
            guard let (scheme, rest) = HTTPURL.Scheme.leading(text) else { throw .badTarget }
            let end = rest.utf8.firstIndex { $0 == .slash || $0 == .question } ?? rest.endIndex
            guard let host = HTTPHost(parsing: String(rest[..<end])) else { throw .badTarget }
            let (path, query) = Self.split(rest[end...])
            self.path = path.isEmpty ? (method == "OPTIONS" && query == nil ? "*" : "/") : path
            self.query = query
            authority = (host, scheme.defaultPort)
        }
    }

    /// Whether the target names no other authority than the `Host` field does.
    func agrees(with host: HTTPHost?) -> Bool {
        guard let authority, let host else { return true }
        return authority.host.name == host.name
            && authority.host.port ?? authority.defaultPort == host.port ?? authority.defaultPort
    }

    private static func split(_ text: Substring) -> (path: String, query: String?) {
        guard let mark = text.utf8.firstIndex(of: .question) else { return (String(text), nil) }
        return (String(text[..<mark]), String(text[text.utf8.index(after: mark)...]))
    }
}
