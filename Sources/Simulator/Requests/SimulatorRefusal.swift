import FreshetPartialJSON

/// A request that is answered with an error, in the form of whichever dialect it came in.
package struct SimulatorRefusal: Error, Equatable, Sendable {
    /// HTTP status.
    package var status: Int
    /// For people; names the field.
    package var message: String
    /// OpenAI's `type`.
    package var type = "invalid_request_error"
    /// OpenAI's `param`: the field at fault.
    package var parameter: String?
    /// OpenAI's `code`.
    package var code: String?
    /// Seconds for `Retry-After`.
    package var retryAfter: Int?

    static func badField(_ parameter: String?, _ message: String) -> SimulatorRefusal {
        SimulatorRefusal(status: 400, message: message, parameter: parameter)
    }

    /// What a path that does not exist gets.
    package static let unknownPath = SimulatorRefusal(
        status: 404,
        message: "There is nothing here. The simulator serves POST /v1/chat/completions, /v1/messages, "
            + "/v1/messages/count_tokens, /v1beta/models/MODEL:generateContent, :streamGenerateContent and :countTokens, "
            + "and GET /v1/models.",
        code: "unknown_url")

    init(unknown model: SimulatedModel.Unknown) {
        self.init(status: 404, message: model.description, parameter: "model", code: "model_not_found")
    }

    /// What `http429` and the like answer.
    init(simulating status: Int, retryAfter seconds: Int) {
        let types: [Int: (type: String, code: String)] = [
            401: ("invalid_request_error", "invalid_api_key"), 403: ("permission_error", "forbidden"),
            404: ("invalid_request_error", "model_not_found"), 429: ("requests", "rate_limit_exceeded"),
        ]
        let known = types[status]
        self.init(
            status: status, message: "Simulated status \(status).",
            type: known?.type ?? (status < 500 ? "invalid_request_error" : "server_error"), code: known?.code)
        if status == 429 || status == 503 || status == 529 { retryAfter = seconds }
    }

    init(
        status: Int, message: String, type: String = "invalid_request_error", parameter: String? = nil,
        code: String? = nil
    ) {
        (self.status, self.message, self.type) = (status, message, type)
        (self.parameter, self.code) = (parameter, code)
    }

    /// The error's document.
    ///
    /// - Parameter dialect: `{"error":{"message","type","param","code"}}`, `{"type":"error","error":{"type","message"}}`
    ///   or `{"error":{"code","message","status"}}`.
    /// - Returns: JSON.
    package func body(in dialect: SimulatorDialect) -> [UInt8] {
        let document: JSONValue
        switch dialect {
        case .chat:
            document = [
                "error": [
                    "message": .string(message), "type": .string(type),
                    "param": parameter.map { .string($0) } ?? .null, "code": code.map { .string($0) } ?? .null,
                ]
            ]
        case .messages:
            document = [
                "type": "error",
                "error": ["type": .string(Self.anthropicType(status)), "message": .string(message)],
                "request_id": "req_simulator",
            ]
        case .gemini:
            var members: [JSONObject.Member] = [
                .init(name: "code", value: .number(JSONNumber(status))),
                .init(name: "message", value: .string(message)),
                .init(name: "status", value: .string(Self.geminiStatus(status))),
            ]
            if let retryAfter {
                let advice: JSONValue = [
                    "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": .string("\(retryAfter)s"),
                ]
                members.append(.init(name: "details", value: [advice]))
            }
            document = ["error": .object(JSONObject(members))]
        }
        return document.bytes
    }

    /// Anthropic's word for a status.
    private static func anthropicType(_ status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504: "timeout_error"
        case 529: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    /// Google's word for a status.
    private static func geminiStatus(_ status: Int) -> String {
        switch status {
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404: "NOT_FOUND"
        case 409: "ABORTED"
        case 429: "RESOURCE_EXHAUSTED"
        case 499: "CANCELLED"
        case 501: "UNIMPLEMENTED"
        case 503: "UNAVAILABLE"
        case 504: "DEADLINE_EXCEEDED"
        case 500...: "INTERNAL"
        default: "INVALID_ARGUMENT"
        }
    }
}
