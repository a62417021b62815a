public import FreshetGeneration

extension GeminiRequest {
    /// The conversation and all options in no dialect's words.
    public func modelRequest() throws(RequestError) -> ModelRequest {
        throw RequestError("model", "leads to a provider of another dialect")
    }
}
