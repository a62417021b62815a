/// What is wrong with a request: the field, as the client named it, and how to mend it.
public struct RequestError: Error, Equatable, Sendable {
    /// Nil when no single field is at fault.
    public let field: String?
    /// A whole sentence for the client; begins with the field's name where there is one.
    public let message: String

    /// - Parameters:
    ///   - field: As the client named it; nil when no single field is at fault.
    ///   - problem: What the field must be; a whole sentence when there is no field.
    public init(_ field: String?, _ problem: String) {
        self.field = field
        message = field.map { "`\($0)` \(problem)" } ?? problem
    }

    /// The same as a failure that a client is told.
    public var failure: GenerationFailure {
        GenerationFailure(code: .invalidRequest, message: message, isRetryable: false, parameter: field)
    }
}
