public import FreshetPartialJSON

/// A request in the native dialect; members are named as in Chat Completions.
///
/// ```
/// {"model":"fast","system":"Be brief.","messages":[{"role":"user","content":"Hello"}]}
/// ```
public struct GenerationRequest: Equatable, Sendable {
    /// Nil when the client named none.
    public var model: String?
    /// What the model is told before the messages; nil when the client said nothing.
    public var system: String?
    /// Objects with `role` and `content`: a string or an array of parts.
    public var messages: [JSONValue]
    /// The generation whose conversation this one goes on with; nil for the first of one.
    public var parent: GenerationID?
    /// The other members that were given, in order: `tools`, `tool_choice`, `max_tokens`, `temperature`, `top_p`,
    /// `stop`, `seed`, `response_format`, `reasoning`, `metadata`.
    public var options: JSONObject

    /// A request made in the process: nothing is checked until a gateway reads its `body`.
    ///
    /// - Parameters:
    ///   - model: Nil leaves the choice to the gateway.
    ///   - system: What the model is told before the messages.
    ///   - messages: At least one.
    ///   - options: Other members, under their names in Chat Completions.
    public init(model: String?, system: String? = nil, messages: [JSONValue], options: JSONObject = JSONObject()) {
        (self.model, self.system, self.messages, self.options) = (model, system, messages, options)
    }

    /// One user message.
    public init(model: String?, prompt: String) {
        self.init(model: model, messages: [["role": "user", "content": .string(prompt)]])
    }

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: JSON.
    ///   - limits: Of its JSON.
    /// - Throws: What is wrong, naming the field. A member that is not known is an error: it would be lost.
    public init(body: Span<UInt8>, limits: JSONLimits = .init()) throws(RequestError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: body, limits: limits) } catch {
            throw RequestError(nil, "the body must be one JSON object: \(error)")
        }
        guard let object = value.objectValue else { throw RequestError(nil, "the body must be one JSON object") }
        self.init(model: nil, messages: [])
        for member in object.members { try take(member) }
        guard !messages.isEmpty else {
            throw RequestError("messages", "is required: at least one {\"role\", \"content\"} object")
        }
    }

    private mutating func take(_ member: JSONObject.Member) throws(RequestError) {
        switch member.name {
        case "model": model = try Self.string(member)
        case "system": system = try Self.string(member)
        case "parent": parent = try Self.parent(member)
        case "messages": messages = try Self.messages(member.value)
        case "freshet": break
        default:
            guard let check = Self.checks[member.name] else {
                let known = (["model", "system", "messages", "parent", "freshet"] + Self.checks.keys.sorted()).joined(
                    separator: ", ")
                throw RequestError(member.name, "is not known; known are \(known)")
            }
            if member.value.isNull { return }
            guard check.accepts(member.value) else { throw RequestError(member.name, check.expectation) }
            options.members.append(member)
        }
    }

    private static func string(_ member: JSONObject.Member) throws(RequestError) -> String? {
        if member.value.isNull { return nil }
        guard let string = member.value.stringValue else { throw RequestError(member.name, "must be a string") }
        return string
    }

    private static func parent(_ member: JSONObject.Member) throws(RequestError) -> GenerationID? {
        if member.value.isNull { return nil }
        guard let parent = member.value.stringValue.flatMap({ GenerationID($0) }) else {
            throw RequestError("parent", "must be a generation's id: gen_…")
        }
        return parent
    }

    private static func messages(_ value: JSONValue) throws(RequestError) -> [JSONValue] {
        guard let messages = value.arrayValue else { throw RequestError("messages", "must be an array") }
        for (place, message) in messages.enumerated() {
            guard message["role"]?.stringValue != nil else {
                throw RequestError("messages[\(place)].role", "is required: user, assistant, system or tool")
            }
            let content = message["content"]
            let isCall = message["tool_calls"]?.arrayValue != nil && content?.isNull != false
            guard isCall || content?.stringValue != nil || content?.arrayValue != nil else {
                throw RequestError("messages[\(place)].content", "must be a string or an array of parts")
            }
        }
        return messages
    }

    /// What a member must be, and how to say so.
    private struct Check {
        var expectation: String
        var accepts: @Sendable (JSONValue) -> Bool
    }

    private static let checks: [String: Check] = [
        "tools": Check(expectation: "must be an array of tools") { $0.arrayValue != nil },
        "tool_choice": Check(expectation: "must be a string or an object") {
            $0.stringValue != nil || $0.objectValue != nil
        },
        "max_tokens": Check(expectation: "must be a whole number from 1") { ($0.intValue ?? 0) > 0 },
        "temperature": Check(expectation: "must be a number from 0") { ($0.doubleValue ?? -1) >= 0 },
        "top_p": Check(expectation: "must be a number from 0 to 1") { (0...1).contains($0.doubleValue ?? -1) },
        "stop": Check(expectation: "must be a string or an array of strings") {
            $0.stringValue != nil || $0.arrayValue?.allSatisfy { $0.stringValue != nil } == true
        },
        "seed": Check(expectation: "must be a whole number") { $0.intValue != nil },
        "response_format": Check(expectation: "must be an object with `type`") { $0["type"]?.stringValue != nil },
        "reasoning": Check(expectation: "must be an object, as {\"effort\":\"low\"}") { $0.objectValue != nil },
        "metadata": Check(expectation: "must be an object") { $0.objectValue != nil },
    ]
}
