import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// Bodies of clients of every dialect on their way to providers of every other: what is taken becomes JSON that asks for a
/// stream, and reads back in the provider's own dialect; what is refused is told.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let body = FuzzInput(start, count).bytes
    if let request = try? OpenAIChatRequest(body: body) { cross(request) }
    if let request = try? GenerationRequest(body: body.span) { cross(request) }
    if let request = try? AnthropicRequest(body: body) {
        cross(request)
        expectObject(request.ownBody(for: habits))
    }
    if let request = try? GeminiRequest(body: body, model: "m", isStream: true) {
        cross(request)
        expectObject(request.ownBody(for: habits))
    }
    return 0
}

private let habits = ProviderHabits(model: "big \"one\"", namesCompletionTokens: true)

private func cross(_ request: some ClientRequest) {
    let model: ModelRequest
    do throws(RequestError) { model = try request.modelRequest() } catch {
        return expect(!error.message.isEmpty, "an error says nothing")
    }
    for provider in ProviderDialect.allCases {
        guard let sent = try? model.body(for: provider, habits) else { continue }
        expectObject(sent)
        expect(reads(sent, in: provider), "what was written cannot be read: \(String(decoding: sent, as: UTF8.self))")
    }
    guard let messages = try? model.chatMessages() else { return }
    let again = try? GenerationRequest(model: "m", messages: messages).modelRequest()
    expect(again != nil, "a transcript cannot be read again")
}

private func reads(_ body: [UInt8], in provider: ProviderDialect) -> Bool {
    let request: (any ClientRequest)? =
        switch provider {
        case .openAIChat: try? OpenAIChatRequest(body: body)
        case .anthropic: try? AnthropicRequest(body: body)
        case .gemini: try? GeminiRequest(body: body, model: "m", isStream: true)
        }
    guard let request else { return false }
    return (try? request.modelRequest()) != nil
}

private func expectObject(_ body: [UInt8]) {
    expect(
        (try? JSONValue(parsing: body))?.objectValue != nil, "no JSON object: \(String(decoding: body, as: UTF8.self))")
}
