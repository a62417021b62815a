/// Why a query or path cannot be decoded.
public enum HTTPQueryError: Error, Equatable, Sendable {
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8, in the parameter's name (given as it was
    /// sent, then) or value.
    case badEncoding(parameter: String)
    /// The same in a part of the path.
    case badPath
}

/// The parameters of a query, decoded: `prompt=a+b&model=fast`.
public struct HTTPQuery: Equatable, Sendable {
    /// One parameter.
    public struct Parameter: Equatable, Sendable {
        /// Decoded; may be empty.
        public let name: String
        /// Empty when the parameter is a name alone.
        public let value: String
    }

    /// In their order; a name may stand twice.
    public let parameters: [Parameter]

    /// - Parameter text: What stands behind the `?`; nil is an empty query. `+` is a space, as in forms.
    /// - Throws: `HTTPQueryError.badEncoding` naming the first parameter that cannot be decoded.
    /// - Complexity: O(bytes).
    public init(parsing text: String?) throws(HTTPQueryError) {
        var parameters: [Parameter] = []
        for pair in (text ?? "").utf8.split(separator: .ampersand) {
            let mark = pair.firstIndex(of: .equals) ?? pair.endIndex
            guard let name = PercentDecoding.decode(pair[..<mark], plusIsSpace: true) else {
                throw .badEncoding(parameter: String(Substring(pair[..<mark])))
            }
            guard let value = PercentDecoding.decode(pair[mark...].dropFirst(), plusIsSpace: true) else {
                throw .badEncoding(parameter: name)
            }
            parameters.append(Parameter(name: name, value: value))
        }
        self.parameters = parameters
    }

    /// The first value of a name; nil when the name is not there.
    public subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
}
