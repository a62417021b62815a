public import FreshetGeneration
public import FreshetPartialJSON

/// What the gateway must know of a `generateContent` request; everything else passes as the client's own bytes.
///
/// Members may be named as in `generationConfig` or as in `generation_config`: Google's servers take both.
public struct GeminiRequest: ClientRequest {
    /// The client's body.
    let body: [UInt8]
    private let members: [JSONSplice.Member]
    private let limits: JSONLimits
    /// As the path names it.
    public let model: String?
    /// Whether the path asks for a stream.
    public let isStream: Bool
    /// How many answers were asked for.
    public private(set) var choices = 1
    /// Whether the client asked the model to think: its first content may take long.
    public private(set) var asksReasoning = false

    /// - Parameters:
    ///   - body: JSON.
    ///   - model: As the path names it.
    ///   - isStream: Whether the path asks for a stream.
    ///   - limits: Of its JSON.
    /// - Throws: A failure that names the field and what it should be.
    public init(
        body: [UInt8], model: String?, isStream: Bool, limits: JSONLimits = .init()
    ) throws(RequestError) {
        (self.body, self.model, self.isStream, self.limits) = (body, model, isStream, limits)
        do { members = try JSONSplice.members(of: body.span, limits: limits) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        var hasContents = false
        for member in members {
            if member.isNamed("contents", in: body.span) {
                hasContents = [UInt8(ascii: "["), UInt8(ascii: "{")].contains(body[member.valueRange.lowerBound])
            }
            for name in ["generationConfig", "generation_config"] where member.isNamed(name, in: body.span) {
                let value = try? JSONValue(parsing: body.span.extracting(member.valueRange), limits: limits)
                try read(RequestField(value ?? .null, at: name, isProtobuf: true))
            }
        }
        guard hasContents else {
            throw RequestError("contents", "is required: an array of {\"role\", \"parts\"} objects")
        }
    }

    private mutating func read(_ configuration: RequestField) throws(RequestError) {
        if let count = try configuration["candidateCount"]?.whole(in: 1...128) { choices = count }
        guard let thinking = configuration["thinkingConfig"] else { return }
        let budget = try? thinking["thinkingBudget"]?.whole(in: -1...Int.max)
        asksReasoning = budget != 0
    }

    /// Gemini.
    public var dialect: DialectName { .gemini }
    /// Always brought.
    public var includesUsage: Bool { false }

    /// Takes out what is ours, signatures of other providers, and `model`: that and the stream are asked for in the path.
    public func ownBody(for provider: ProviderHabits) -> [UInt8] {
        var edits: [JSONSplice.Edit] = [("freshet", nil), ("model", nil)]
        let foreign = ForeignSignatures(dialect: .gemini)
        if foreign.stand(in: body.span), let member = members.last(where: { $0.isNamed("contents", in: body.span) }),
            let contents = try? JSONValue(parsing: body.span.extracting(member.valueRange), limits: limits)
        {
            edits.append(("contents", foreign.removed(fromContents: contents).bytes))
        }
        return JSONSplice.applying(edits, to: body.span, members: members)
    }
}
