import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// Bodies of clients: what is taken becomes a body for a provider that is JSON, says what it must, and keeps the rest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let body = FuzzInput(start, count).bytes
    if let request = try? OpenAIChatRequest(body: body) {
        for asksUsage in [false, true] { expectSpliced(request, body, asksUsage: asksUsage) }
    }
    if let request = try? GenerationRequest(body: body.span) {
        let sent = request.openAIChatBody(
            for: ProviderHabits(model: "big \"one\"", namesCompletionTokens: count % 2 == 0))
        let value = parsed(sent)
        expect(
            value["model"]?.stringValue == "big \"one\"" && value["stream"]?.boolValue == true, "not asked as it must")
        expect(value["metadata"] == nil && value["freshet"] == nil, "what stays here was sent on")
        expect((try? GenerationRequest(body: request.body.span)) == request, "a request changed on its way")
    }
    return 0
}

private func expectSpliced(_ request: OpenAIChatRequest, _ body: [UInt8], asksUsage: Bool) {
    let (before, after) = (
        parsed(body), parsed(request.ownBody(for: ProviderHabits(model: "big \"one\"", asksUsage: asksUsage)))
    )
    expectAsked(after)
    expect(after["freshet"] == nil, "our own options were sent on")
    let asked = after["stream_options"]?["include_usage"]?.boolValue == true
    expect(asked == (asksUsage || request.includesUsage), "usage was asked for otherwise than wanted")
    let ours: Set = ["model", "stream", "stream_options", "freshet"]
    let kept = { (value: JSONValue) in (value.objectValue?.members ?? []).filter { !ours.contains($0.name) } }
    expect(kept(before) == kept(after), "a member that is none of ours changed")
}

private func expectAsked(_ body: JSONValue) {
    expect(body["model"]?.stringValue == "big \"one\"", "another model was asked")
    expect(body["stream"]?.boolValue == true, "no stream was asked for")
}

private func parsed(_ text: [UInt8]) -> JSONValue {
    guard let value = try? JSONValue(parsing: text), value.objectValue != nil else {
        fatalError("no JSON object: \(String(decoding: text, as: UTF8.self))")
    }
    return value
}
