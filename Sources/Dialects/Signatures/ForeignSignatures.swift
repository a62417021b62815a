public import FreshetGeneration
public import FreshetPartialJSON

/// What other providers signed, in a body that goes to a provider of the client's own dialect as it is: a conversation that
/// changed its provider has lost it, and the provider would refuse it.
///
/// Bodies without any, which is nearly all of them, are only searched.
struct ForeignSignatures {
    /// The client's and the provider's.
    let dialect: DialectName

    /// Ends the name of every member that holds one.
    private static let nameEnd = Needle("ignature\"")

    /// - Parameter body: JSON.
    /// - Returns: Whether a signature stands in it that is empty, or in an envelope.
    func stand(in body: Span<UInt8>) -> Bool {
        var place = 0
        while let end = Self.nameEnd.end(in: body, from: place) {
            if isForeign(in: body, from: end) { return true }
            place = end
        }
        return false
    }

    /// Whether the value behind a name begins as that of another dialect does.
    private func isForeign(in body: Span<UInt8>, from start: Int) -> Bool {
        var place = start
        while place < body.count, [0x20, 0x09, 0x0A, 0x0D, 0x3A].contains(body[place]) { place += 1 }
        let marks: [StaticString] = dialect == .gemini ? ["\"ZnJlc2hldC"] : ["\"freshet.", "\"\""]
        return marks.contains { mark in
            guard place + mark.utf8CodeUnitCount <= body.count else { return false }
            return mark.withUTF8Buffer { text in text.indices.allSatisfy { text[$0] == body[place + $0] } }
        }
    }

    // MARK: Messages

    /// Anthropic's messages without thinking that it did not sign.
    func removed(fromMessages messages: JSONValue) -> JSONValue {
        removed(from: messages, in: "content") { block in
            guard block["type"] == "thinking", let given = block["signature"]?.stringValue else { return block }
            let isOwn = !given.isEmpty && Signature(given: given, by: dialect).dialect == dialect
            return isOwn ? block : nil
        }
    }

    /// Gemini's contents without signatures that it did not give, and without the thoughts that bear them.
    func removed(fromContents contents: JSONValue) -> JSONValue {
        removed(from: contents, in: "parts") { part in
            guard var members = part.objectValue?.members,
                let place = members.firstIndex(where: { ["thoughtSignature", "thought_signature"].contains($0.name) }),
                let given = members[place].value.stringValue, Signature(given: given, by: dialect).dialect != dialect
            else { return part }
            members.remove(at: place)
            let isSignedAlone = part["text"] == "" || members.isEmpty
            return part["thought"] == true || isSignedAlone ? nil : .object(JSONObject(members))
        }
    }

    /// A message of which nothing stays is left out.
    private func removed(
        from messages: JSONValue, in list: String, _ kept: (JSONValue) -> JSONValue?
    ) -> JSONValue {
        guard let messages = messages.arrayValue else { return messages }
        return .array(
            messages.compactMap { message in
                guard var object = message.objectValue, let pieces = object[list]?.arrayValue else { return message }
                let rest = pieces.compactMap(kept)
                if rest.isEmpty, !pieces.isEmpty { return nil }
                object[list] = .array(rest)
                return .object(object)
            })
    }
}

extension DialectName {
    /// A body that goes to a provider of its own dialect without what other vendors signed; for requests that ask for no
    /// answer, such as one for a count of tokens.
    ///
    /// - Parameters:
    ///   - body: JSON; of Messages or Gemini, where the request may also stand under `generateContentRequest`.
    ///   - limits: Of its JSON.
    /// - Returns: The same bytes where there is none, or where they are no JSON.
    public func withoutForeignSignatures(_ body: [UInt8], limits: JSONLimits = .init()) -> [UInt8] {
        let foreign = ForeignSignatures(dialect: self)
        guard foreign.stand(in: body.span), let members = try? JSONSplice.members(of: body.span, limits: limits) else {
            return body
        }
        var edits: [JSONSplice.Edit] = []
        for member in members {
            let raw = body.span.extracting(member.valueRange)
            if self == .anthropic, member.isNamed("messages", in: body.span) {
                let messages = try? JSONValue(parsing: raw, limits: limits)
                edits.append(("messages", messages.map { foreign.removed(fromMessages: $0).bytes }))
            } else if self == .gemini, member.isNamed("contents", in: body.span) {
                let contents = try? JSONValue(parsing: raw, limits: limits)
                edits.append(("contents", contents.map { foreign.removed(fromContents: $0).bytes }))
            }
            for name in ["generateContentRequest", "generate_content_request"]
            where self == .gemini && member.isNamed(name, in: body.span) {
                edits.append((name, withoutForeignSignatures(Array(body[member.valueRange]), limits: limits)))
            }
        }
        return JSONSplice.applying(edits, to: body.span, members: members)
    }
}
