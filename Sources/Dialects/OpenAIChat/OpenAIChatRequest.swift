public import FreshetGeneration
public import FreshetPartialJSON

/// What the gateway must know of a Chat Completions request; everything else passes as the client's own bytes.
public struct OpenAIChatRequest: ClientRequest {
    /// The client's body.
    let body: [UInt8]
    /// Nil when the client named none.
    public let model: String?
    /// Whether the client asked for a stream.
    public let isStream: Bool
    /// Whether the client asked for usage in its stream.
    public let includesUsage: Bool
    /// How many answers were asked for.
    public let choices: Int
    /// Whether the client asked the model to reason: its first content may take long.
    public let asksReasoning: Bool
    private let streamOptions: [UInt8]?
    private let members: [JSONSplice.Member]

    /// - Parameters:
    ///   - body: JSON.
    ///   - limits: Of its JSON.
    /// - Throws: A failure that names the field and what it should be.
    public init(body: [UInt8], limits: JSONLimits = .init()) throws(RequestError) {
        self.body = body
        var fields = Fields()
        try fields.read(body.span, limits)
        guard fields.hasMessages else {
            throw RequestError("messages", "is required: an array of {\"role\", \"content\"} objects")
        }
        (model, isStream, includesUsage) = (fields.model, fields.isStream, fields.includesUsage)
        (choices, streamOptions, asksReasoning) = (fields.choices, fields.streamOptions, fields.asksReasoning)
        members = fields.members
    }

    /// Chat Completions.
    public var dialect: DialectName { .openAIChat }

    /// Replaces `model`, asks for a stream and, where the provider may be asked, for usage, and takes out what is ours and
    /// what a provider would refuse that other vendors signed.
    public func ownBody(for provider: ProviderHabits) -> [UInt8] {
        var name: [UInt8] = []
        name.appendJSON(string: provider.model)
        var edits: [JSONSplice.Edit] = [
            ("model", name), ("stream", Array("true".utf8)), ("freshet", nil),
        ]
        if provider.asksUsage, !includesUsage {
            let options = streamOptions ?? Array("{}".utf8)
            let asked = try? JSONSplice.applying([("include_usage", Array("true".utf8))], to: options.span)
            edits.append(("stream_options", asked ?? Array("{\"include_usage\":true}".utf8)))
        }
        if let messages = plainMessages(for: provider) { edits.append(("messages", messages)) }
        return JSONSplice.applying(edits, to: body.span, members: members)
    }

    private static let signed = [Needle("reasoning_details\""), Needle("extra_content\"")]

    /// The messages without what other vendors signed, where there is any and the provider refuses to see it.
    private func plainMessages(for provider: ProviderHabits) -> [UInt8]? {
        guard provider.namesCompletionTokens, Self.signed.contains(where: { $0.end(in: body.span, from: 0) != nil }),
            let member = members.last(where: { $0.isNamed("messages", in: body.span) }),
            let messages = (try? JSONValue(parsing: body.span.extracting(member.valueRange)))?.arrayValue
        else { return nil }
        return JSONValue.array(messages.map(GenerationRequest.plain)).bytes
    }

    /// The names of the members we read.
    private enum Field {
        case model, stream, streamOptions, choices, reasoning, messages

        init?(_ name: JSONStringToken, _ text: Span<UInt8>) {
            if name.equals("model", in: text) {
                self = .model
            } else if name.equals("stream", in: text) {
                self = .stream
            } else if name.equals("stream_options", in: text) {
                self = .streamOptions
            } else if name.equals("n", in: text) {
                self = .choices
            } else if name.equals("messages", in: text) {
                self = .messages
            } else if name.equals("reasoning_effort", in: text) || name.equals("reasoning", in: text)
                || name.equals("thinking", in: text)
            {
                self = .reasoning
            } else {
                return nil
            }
        }
    }

    /// The members we read.
    private struct Fields {
        var model: String?
        var isStream = false
        var includesUsage = false
        var choices = 1
        var hasMessages = false
        var asksReasoning = false
        var streamOptions: [UInt8]?
        var members: [JSONSplice.Member] = []

        mutating func read(_ text: Span<UInt8>, _ limits: JSONLimits) throws(RequestError) {
            do { members = try JSONSplice.members(of: text, limits: limits) } catch {
                throw RequestError(nil, "the body must be one JSON object: \(error)")
            }
            for member in members { try read(member, text) }
        }

        private mutating func read(_ member: JSONSplice.Member, _ text: Span<UInt8>) throws(RequestError) {
            guard let field = Field(member.name, text) else { return }
            switch field {
            case .model:
                let value = Self.value(member, text)
                if value?.isNull == true { return }
                guard let name = value?.stringValue else { throw RequestError("model", "must be a string") }
                model = name
            case .stream:
                let value = Self.value(member, text)
                if value?.isNull == true { return }
                guard let flag = value?.boolValue else { throw RequestError("stream", "must be true or false") }
                isStream = flag
            case .streamOptions: try readOptions(member, text)
            case .choices:
                let value = Self.value(member, text)
                if value?.isNull == true { return }
                guard let count = value?.intValue, (1...128).contains(count) else {
                    throw RequestError("n", "must be a whole number from 1 to 128")
                }
                choices = count
            case .reasoning:
                let value = Self.value(member, text)
                asksReasoning = value?.isNull == false && value?.stringValue != "none"
            case .messages:
                guard text[member.valueRange.lowerBound] == 0x5B else {
                    throw RequestError("messages", "must be an array of {\"role\", \"content\"} objects")
                }
                hasMessages = true
            }
        }

        private mutating func readOptions(_ member: JSONSplice.Member, _ text: Span<UInt8>) throws(RequestError) {
            let value = Self.value(member, text)
            if value?.isNull == true { return }
            guard let value, value.objectValue != nil else {
                throw RequestError("stream_options", "must be an object")
            }
            if let asked = value["include_usage"], !asked.isNull {
                guard let flag = asked.boolValue else {
                    throw RequestError("stream_options.include_usage", "must be true or false")
                }
                includesUsage = flag
            }
            streamOptions = value.bytes
        }

        private static func value(_ member: JSONSplice.Member, _ text: Span<UInt8>) -> JSONValue? {
            try? JSONValue(parsing: text.extracting(member.valueRange))
        }
    }
}
