public import FreshetPartialJSON

/// One turn of the conversation that a model goes on with.
public struct ModelTurn: Equatable, Sendable {
    /// Whose turn it is.
    public enum Role: Equatable, Sendable {
        /// Whoever asks; tool results are theirs too.
        case user
        /// The model.
        case assistant
        /// Instructions in the middle of a conversation.
        case system
    }

    /// Whose it is.
    public var role: Role
    /// What it holds, in order.
    public var parts: [ModelPart]
    /// As the client named it, as in `messages[3]`.
    public var field: String

    /// - Parameters:
    ///   - role: Whose turn it is.
    ///   - parts: In order.
    ///   - field: As the client named it.
    public init(_ role: Role, _ parts: [ModelPart], in field: String) {
        (self.role, self.parts, self.field) = (role, parts, field)
    }
}

/// One piece of a turn.
public struct ModelPart: Equatable, Sendable {
    /// What it is.
    public indirect enum Content: Equatable, Sendable {
        case text(String)
        case image(ModelMedia)
        case document(ModelMedia)
        case audio(ModelMedia)
        case video(ModelMedia)
        /// The model's reasoning, with what proves it. A signature of another dialect than the provider's is left out.
        case reasoning(String, Signature?)
        /// A call of a tool of the client's. The arguments are raw JSON, an object.
        case toolCall(id: String, name: String, arguments: [UInt8])
        /// What a tool answered: text and media. The name is that of the call.
        case toolResult(callID: String, name: String, content: [ModelPart], isError: Bool)
        /// What only its own dialect can say, such as a server tool's block: its name in the client's words. No writer of
        /// another dialect has a place for it; it is an error or, where the writer says so, left out.
        case foreign(DialectName, String)
    }

    /// What it is.
    public var content: Content
    /// As the client named it, as in `messages[3].content[0]`.
    public var field: String
    /// Whether what stands up to here should be cached.
    public var endsCachedPrefix = false

    /// - Parameters:
    ///   - content: What it is.
    ///   - field: As the client named it.
    public init(_ content: Content, in field: String) { (self.content, self.field) = (content, field) }
}

/// An image, a document or the like.
public struct ModelMedia: Equatable, Sendable {
    /// Where its bytes are.
    public enum Source: Equatable, Sendable {
        /// Here, as base64 (RFC 4648, section 4).
        case base64(String)
        /// Behind a URL that the provider fetches.
        case url(String)
        /// With a provider of this dialect, under a name it gave; worth nothing to any other.
        case file(String, of: DialectName)
        /// Here, as text: documents only.
        case text(String)
    }

    /// As in `image/png`; empty where the client did not say, which only a URL and a file allow.
    public var mediaType: String
    /// Where its bytes are.
    public var source: Source
    /// A document's name or title; nil where the client gave none.
    public var name: String?

    /// - Parameters:
    ///   - mediaType: Empty where it is not known.
    ///   - source: Where its bytes are.
    ///   - name: Of a document.
    public init(mediaType: String, _ source: Source, name: String? = nil) {
        (self.mediaType, self.source, self.name) = (mediaType, source, name)
    }
}

/// Something that a model may call.
public struct ModelTool: Equatable, Sendable {
    /// As the model calls it.
    public var name: String
    /// What the model is told of it; nil where the client said nothing.
    public var description: String?
    /// JSON Schema of its arguments; nil for a tool without any.
    public var parameters: JSONValue?
    /// Whether arguments must keep to the schema; nil where the client did not say.
    public var isStrict: Bool?
    /// As the client named it, as in `tools[0]`.
    public var field: String
    /// Whether what stands up to here should be cached.
    public var endsCachedPrefix = false

    /// - Parameters:
    ///   - name: As the model calls it.
    ///   - field: As the client named it.
    public init(_ name: String, in field: String) { (self.name, self.field) = (name, field) }
}
