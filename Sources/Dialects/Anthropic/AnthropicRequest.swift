public import FreshetGeneration
public import FreshetPartialJSON

/// What the gateway must know of a Messages request; everything else passes as the client's own bytes.
public struct AnthropicRequest: ClientRequest {
    /// The client's body.
    let body: [UInt8]
    private let members: [JSONSplice.Member]
    private let limits: JSONLimits
    /// Nil when the client named none.
    public private(set) var model: String?
    /// Whether the client asked for a stream.
    public private(set) var isStream = false
    /// Whether the client asked the model to think: its first content may take long.
    public private(set) var asksReasoning = false
    /// Whether it asked so with a budget: then the model must have thought about every call it goes on from.
    private var hasBudget = false

    /// - Parameters:
    ///   - body: JSON.
    ///   - limits: Of its JSON.
    /// - Throws: A failure that names the field and what it should be.
    public init(body: [UInt8], limits: JSONLimits = .init()) throws(RequestError) {
        (self.body, self.limits) = (body, limits)
        do { members = try JSONSplice.members(of: body.span, limits: limits) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        var hasMessages = false
        for member in members {
            if member.isNamed("model", in: body.span) {
                model = try field("model", member).text()
            } else if member.isNamed("stream", in: body.span) {
                isStream = try field("stream", member).flag() ?? false
            } else if member.isNamed("thinking", in: body.span) {
                let kind = try field("thinking", member).object()?["type"]?.value.stringValue
                asksReasoning = kind != nil && kind != "disabled"
                hasBudget = kind == "enabled"
            } else if member.isNamed("messages", in: body.span) {
                hasMessages = body[member.valueRange.lowerBound] == UInt8(ascii: "[")
            }
        }
        guard hasMessages else {
            throw RequestError("messages", "is required: an array of {\"role\", \"content\"} objects")
        }
    }

    /// Messages.
    public var dialect: DialectName { .anthropic }
    /// Messages knows only one.
    public var choices: Int { 1 }
    /// Always brought.
    public var includesUsage: Bool { false }

    /// Replaces `model`, asks for a stream, and takes out what is ours and thinking that other providers signed; with it,
    /// behind a call that only that stood before, `thinking` that has a budget.
    public func ownBody(for provider: ProviderHabits) -> [UInt8] {
        var name: [UInt8] = []
        name.appendJSON(string: provider.model)
        var edits: [JSONSplice.Edit] = [("model", name), ("stream", Array("true".utf8)), ("freshet", nil)]
        let foreign = ForeignSignatures(dialect: .anthropic)
        if foreign.stand(in: body.span), let messages = members.last(where: { $0.isNamed("messages", in: body.span) }) {
            let kept = foreign.removed(fromMessages: field("messages", messages).value)
            edits.append(("messages", kept.bytes))
            if hasBudget, AnthropicThinking.isLoopWithoutThinking(kept.arrayValue ?? []) {
                edits.append(("thinking", nil))
            }
        }
        return JSONSplice.applying(edits, to: body.span, members: members)
    }

    private func field(_ name: String, _ member: JSONSplice.Member) -> RequestField {
        let value = try? JSONValue(parsing: body.span.extracting(member.valueRange), limits: limits)
        return RequestField(value ?? .null, at: name)
    }
}
