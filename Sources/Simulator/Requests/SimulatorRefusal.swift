import FreshetPartialJSON

/// A request that is answered with an error in OpenAI's form.
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
        message: "There is nothing here. The simulator serves POST /v1/chat/completions and GET /v1/models.",
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
        if status == 429 || status == 503 { retryAfter = seconds }
    }

    init(
        status: Int, message: String, type: String = "invalid_request_error", parameter: String? = nil,
        code: String? = nil
    ) {
        (self.status, self.message, self.type) = (status, message, type)
        (self.parameter, self.code) = (parameter, code)
    }

    /// `{"error":{"message","type","param","code"}}`.
    package var body: [UInt8] {
        let error: JSONValue = [
            "message": .string(message), "type": .string(type),
            "param": parameter.map { .string($0) } ?? .null, "code": code.map { .string($0) } ?? .null,
        ]
        return JSONValue.object(JSONObject([.init(name: "error", value: error)])).bytes
    }
}
