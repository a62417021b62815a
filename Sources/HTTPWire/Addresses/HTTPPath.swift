/// The parts of a path, decoded: `/v1/models/a%2Fb` is `v1`, `models`, `a/b`.
public struct HTTPPath: Equatable, Sendable {
    /// What stands between the slashes; `/` alone has none, a slash at the end gives an empty last one. `.` and `..`
    /// stay what they are.
    public let segments: [String]

    /// - Parameter text: A path as a request's head has it.
    /// - Throws: `HTTPQueryError.badPath` when a part cannot be decoded.
    public init(parsing text: String) throws(HTTPQueryError) {
        var parts = text.utf8.split(separator: .slash, omittingEmptySubsequences: false)[...]
        if parts.first?.isEmpty == true { parts = parts.dropFirst() }
        if parts.count == 1, parts.first?.isEmpty == true { parts = [] }
        var segments: [String] = []
        for part in parts {
            guard let segment = PercentDecoding.decode(part, plusIsSpace: false) else { throw .badPath }
            segments.append(segment)
        }
        self.segments = segments
    }
}
