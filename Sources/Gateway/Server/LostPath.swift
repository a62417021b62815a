/// What somebody probably meant who asks where there is nothing: nearly always a client's base URL is wrong.
enum LostPath {
    /// What to do, as the end of a sentence; nil where nothing is known.
    static func advice(_ path: String) -> String? {
        if path.hasPrefix("/v1/v1/") { return ": the base URL of Anthropic's clients ends before /v1" }
        if ["/v1/v1beta/", "/v1beta/v1/", "/v1beta/v1beta/"].contains(where: { path.hasPrefix($0) }) {
            return ": the base URL of Google's clients ends before /v1beta"
        }
        if ["/chat/completions", "/completions", "/embeddings", "/models"].contains(path) {
            return ": the base URL of OpenAI's clients ends with /v1"
        }
        if path == "/messages" { return ": Messages are at /v1/messages" }
        if path == "/v1/responses" || path == "/responses" {
            return ": OpenAI's Responses are not served; Chat Completions are"
        }
        return nil
    }
}
