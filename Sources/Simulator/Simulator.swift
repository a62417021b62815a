import FreshetPartialJSON

/// A provider that pretends: handed a request's body, it says what to answer and when. It has no socket and no clock.
///
/// One of these counts the requests of each model for `every`; a server with several threads shares one.
package struct Simulator: Sendable {
    /// Names counted apart; past it counting begins anew.
    private static let maximumNames = 1024

    private var requests: [String: Int] = [:]
    private let recording: RecordedStream?

    /// - Parameter recording: A recorded stream that answers every request, byte for byte; `nil`: answers are made.
    package init(recording: [UInt8]? = nil) { self.recording = recording.map { RecordedStream($0) } }

    /// A POST.
    ///
    /// - Parameters:
    ///   - body: All of it.
    ///   - endpoint: Where it came; decides about the dialect.
    /// - Returns: The script of an answer, or of an error in the dialect's form.
    /// - Complexity: O(bytes of the body); the answer is made step by step.
    package mutating func respond(
        to body: [UInt8], at endpoint: SimulatorEndpoint = .chatCompletions
    ) -> SimulatorScript {
        do {
            switch endpoint {
            case .chatCompletions:
                if let recording { return replay(recording, to: body, at: endpoint) }
                return answer(try SimulatorRequest(parsing: body), at: endpoint)
            case .messages:
                if let recording { return replay(recording, to: body, at: endpoint) }
                return answer(try SimulatorRequest(parsingMessages: body), at: endpoint)
            case .messagesCount:
                let request = try SimulatorRequest(parsingMessages: body, isCount: true)
                return Self.count("input_tokens", of: request)
            case .gemini(let model, .countTokens):
                let request = try SimulatorRequest(parsingGemini: body, model: model, isStreamed: false)
                return Self.count("totalTokens", of: request)
            case .gemini(let model, let method):
                if let recording { return replay(recording, to: body, at: endpoint) }
                let request = try SimulatorRequest(
                    parsingGemini: body, model: model, isStreamed: method != .generateContent)
                return answer(request, at: endpoint)
            }
        } catch {
            return SimulatorScript(refusing: error, in: endpoint.dialect)
        }
    }

    private static func count(_ member: StaticString, of request: SimulatorRequest) -> SimulatorScript {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"")
        out.appendJSON(raw: member)
        out.appendJSON(raw: "\":")
        out.appendJSON(integer: request.promptWords)
        out.appendJSON(raw: "}")
        return SimulatorScript(body: out, head: SimulatorHead(contentType: "application/json"))
    }

    /// The list of models: one name for each word.
    ///
    /// - Parameter dialect: In whose form.
    /// - Returns: At once.
    package static func models(in dialect: SimulatorDialect) -> SimulatorScript {
        let names = SimulatedModel.Word.allCases.map { "sim/" + $0.rawValue }
        let list: JSONValue
        switch dialect {
        case .chat:
            let models = names.map { name -> JSONValue in
                ["id": .string(name), "object": "model", "created": 1_735_689_600, "owned_by": "simulator"]
            }
            list = ["object": "list", "data": .array(models)]
        case .messages:
            let models = names.map { name -> JSONValue in
                [
                    "type": "model", "id": .string(name), "display_name": .string(name),
                    "created_at": "2025-01-01T00:00:00Z",
                ]
            }
            list = ["data": .array(models), "has_more": false, "first_id": "sim/talk", "last_id": "sim/think"]
        case .gemini:
            let models = names.map { name -> JSONValue in
                [
                    "name": .string("models/" + name), "displayName": .string(name),
                    "supportedGenerationMethods": ["generateContent", "countTokens"],
                ]
            }
            list = ["models": .array(models)]
        }
        return SimulatorScript(body: list.bytes, head: SimulatorHead(contentType: "application/json"))
    }

    private mutating func replay(
        _ recording: RecordedStream, to body: [UInt8], at endpoint: SimulatorEndpoint
    ) -> SimulatorScript {
        let model = SimulatorRequest.model(in: body, at: endpoint) ?? SimulatedModel(.talk)
        let isFaulty = model.isFaulty(request: count(model))
        if isFaulty, let status = model.status {
            let refusal = SimulatorRefusal(simulating: status, retryAfter: model.retryAfter)
            return SimulatorScript(refusing: refusal, in: endpoint.dialect)
        }
        let stream = recording.served(at: endpoint)
        let frames = endpoint.frames(id: "", model: model.name, signature: "", SimulatorRequest(model: model))
        return SimulatorScript(
            PacedStream(recorded: stream, frames: frames, model: model, isFaulty: isFaulty),
            head: SimulatorHead(contentType: stream.contentType(at: endpoint)), model: model, seed: model.seed ?? 0)
    }

    private mutating func answer(_ request: SimulatorRequest, at endpoint: SimulatorEndpoint) -> SimulatorScript {
        SimulatorScript(answering: request, number: count(request.model), at: endpoint)
    }

    private mutating func count(_ model: SimulatedModel) -> Int {
        if requests.count >= Self.maximumNames, requests[model.name] == nil { requests = [:] }
        requests[model.name, default: 0] += 1
        return requests[model.name] ?? 1
    }
}

extension SimulatorScript {
    /// What a request gets.
    ///
    /// - Parameters:
    ///   - request: As it was parsed.
    ///   - number: Which one of its model it is, from 1: decides about `every`, and the answer's id.
    ///   - endpoint: Where it came.
    package init(answering request: SimulatorRequest, number: Int, at endpoint: SimulatorEndpoint = .chatCompletions) {
        let model = request.model
        let isFaulty = model.isFaulty(request: number)
        if isFaulty, let status = model.status {
            let refusal = SimulatorRefusal(simulating: status, retryAfter: model.retryAfter)
            self.init(refusing: refusal, in: endpoint.dialect)
            return
        }
        let seed = model.seed ?? request.seed ?? UInt64(0).hashed(with: request.userText)
        var answers = (0..<request.choices).map { SimulatedAnswer(request, seed: seed &+ UInt64($0)) }
        var identity = SeededNumbers(seed: seed.hashed(with: model.name) &+ UInt64(truncatingIfNeeded: number))
        let id = identity.identifier(24)
        // Of this length letters and digits are Base64, too.
        var frames = endpoint.frames(id: id, model: model.name, signature: identity.identifier(64), request)
        guard request.isStreamed else {
            let body = frames.whole(&answers, promptTokens: request.promptWords)
            self.init(
                body: body, head: SimulatorHead(contentType: "application/json").identified(id, endpoint.dialect),
                due: model.firstToken ?? SimulatedModel.defaultFirstToken,
                fault: isFaulty ? model.faults.first?.fault : nil, in: endpoint.dialect)
            return
        }
        let answer = AnswerStream(frames: frames, answers: answers, promptTokens: request.promptWords)
        self.init(
            PacedStream(answer: answer, model: model, isFaulty: isFaulty),
            head: SimulatorHead(contentType: endpoint.streamType).identified(id, endpoint.dialect), model: model,
            seed: seed)
    }
}

extension SimulatorEndpoint {
    /// What writes the answer.
    func frames(id: String, model: String, signature: String, _ request: SimulatorRequest) -> any AnswerFrames {
        switch self {
        case .chatCompletions: ChatFrames(id: id, model: model, includesUsage: request.includesUsage)
        case .messages, .messagesCount:
            MessagesFrames(id: id, model: model, signature: signature, promptTokens: request.promptWords)
        case .gemini(_, let method):
            GeminiFrames(
                id: id, model: model, signature: signature, promptTokens: request.promptWords,
                choices: request.choices, isEventStream: method == .streamGenerateContent(isEventStream: true))
        }
    }

    /// Of a streamed answer.
    fileprivate var streamType: String {
        self.dialect == .gemini && !isEventStream
            ? "application/json; charset=UTF-8" : "text/event-stream; charset=utf-8"
    }

    private var isEventStream: Bool {
        if case .gemini(_, .streamGenerateContent(isEventStream: false)) = self { false } else { true }
    }
}

extension SimulatorHead {
    fileprivate func identified(_ id: String, _ dialect: SimulatorDialect) -> SimulatorHead {
        var head = self
        head.headers.append(Header(name: "cache-control", value: "no-cache"))
        switch dialect {
        case .chat: head.headers.append(Header(name: "x-request-id", value: "req_" + id))
        case .messages: head.headers.append(Header(name: "request-id", value: "req_" + id))
        case .gemini: break
        }
        return head
    }
}
