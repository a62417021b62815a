import FreshetGeneration

extension GenerationFailure.Code {
    /// The code of an error for which the provider gave a status and no word of its own.
    init(status: Int) {
        self =
            switch status {
            case 400, 404, 409, 422: "invalid_request"
            case 401, 403: "unauthorized"
            case 413: .tooLarge
            case 408, 504: .providerTimeout
            case 429: "rate_limited"
            default: .providerError
            }
    }
}
