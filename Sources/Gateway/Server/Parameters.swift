import FreshetGeneration
import FreshetHTTPWire

/// The parameters of a request's query that an endpoint knows, each at most once: of one that stands twice, two readers
/// could take different values.
struct Parameters {
    private let query: HTTPQuery

    /// - Parameters:
    ///   - text: What stands behind the `?`; nil where nothing does.
    ///   - names: Those that the endpoint knows; others are passed over.
    /// - Throws: What the client is told; names the parameter.
    init(_ text: String?, knowing names: [String]) throws(Caller.Refused) {
        do { query = try HTTPQuery(parsing: text) } catch {
            switch error {
            case .badEncoding(let parameter):
                throw Caller.Refused(RequestError(parameter, "must be UTF-8, each % before two hexadecimal digits"))
            case .badPath: throw Caller.Refused(.invalidRequest, "the query cannot be read")
            }
        }
        for name in names where query.parameters.count(where: { $0.name == name }) > 1 {
            throw Caller.Refused(RequestError(name, "must not stand there twice"))
        }
    }

    /// nil when it is not there.
    subscript(_ name: String) -> String? { query[name] }
}

extension HTTPFields {
    /// The value of a field of which there may be one.
    ///
    /// - Parameter name: As the client is told it.
    /// - Returns: nil when it is not there.
    /// - Throws: When there are several.
    func only(_ name: String) throws(Caller.Refused) -> String? {
        let found = values(name)
        guard found.count < 2 else { throw Caller.Refused(RequestError(name, "must not stand there twice")) }
        return found.first
    }
}
