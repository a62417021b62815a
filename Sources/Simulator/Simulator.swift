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

    /// `POST /v1/chat/completions`.
    ///
    /// - Parameter body: All of it.
    /// - Returns: The script of an answer, or of an error in OpenAI's form.
    /// - Complexity: O(bytes of the body); the answer is made step by step.
    package mutating func respond(to body: [UInt8]) -> SimulatorScript {
        if let recording { return replay(recording, to: body) }
        do {
            let request = try SimulatorRequest(parsing: body)
            return SimulatorScript(answering: request, number: count(request.model))
        } catch {
            return SimulatorScript(refusing: error)
        }
    }

    /// `GET /v1/models`: one name for each word.
    package static var models: SimulatorScript {
        var out: [UInt8] = []
        out.appendJSON(raw: "{\"object\":\"list\",\"data\":[")
        for (index, word) in SimulatedModel.Word.allCases.enumerated() {
            if index > 0 { out.appendJSON(raw: ",") }
            out.appendJSON(raw: "{\"id\":")
            out.appendJSON(string: "sim/" + word.rawValue)
            out.appendJSON(raw: ",\"object\":\"model\",\"created\":1735689600,\"owned_by\":\"simulator\"}")
        }
        out.appendJSON(raw: "]}")
        return SimulatorScript(body: out, head: SimulatorHead(contentType: "application/json"))
    }

    private mutating func replay(_ recording: RecordedStream, to body: [UInt8]) -> SimulatorScript {
        let model = SimulatorRequest.model(in: body) ?? SimulatedModel(.talk)
        let isFaulty = model.isFaulty(request: count(model))
        if isFaulty, let status = model.status {
            return SimulatorScript(refusing: SimulatorRefusal(simulating: status, retryAfter: model.retryAfter))
        }
        let type = recording.isJSONLines ? "application/x-ndjson" : "text/event-stream; charset=utf-8"
        return SimulatorScript(
            PacedStream(recorded: recording, model: model, isFaulty: isFaulty), head: SimulatorHead(contentType: type),
            model: model, seed: model.seed ?? 0)
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
    package init(answering request: SimulatorRequest, number: Int) {
        let model = request.model
        let isFaulty = model.isFaulty(request: number)
        if isFaulty, let status = model.status {
            self.init(refusing: SimulatorRefusal(simulating: status, retryAfter: model.retryAfter))
            return
        }
        let seed = model.seed ?? request.seed ?? UInt64(0).hashed(with: request.userText)
        var answers = (0..<request.choices).map { SimulatedAnswer(request, seed: seed &+ UInt64($0)) }
        var identity = SeededNumbers(seed: seed.hashed(with: model.name) &+ UInt64(truncatingIfNeeded: number))
        let id = identity.identifier(24)
        let frames = ChatFrames(id: id, model: model.name, includesUsage: request.includesUsage)
        guard request.isStreamed else {
            let body = frames.whole(&answers, promptTokens: request.promptWords)
            self.init(
                body: body, head: SimulatorHead(contentType: "application/json").identified(id),
                due: model.firstToken ?? SimulatedModel.defaultFirstToken,
                fault: isFaulty ? model.faults.first?.fault : nil)
            return
        }
        let chat = ChatStream(
            frames: frames, answers: answers, includesUsage: request.includesUsage, promptTokens: request.promptWords)
        self.init(
            PacedStream(chat: chat, model: model, isFaulty: isFaulty),
            head: SimulatorHead(contentType: "text/event-stream; charset=utf-8").identified(id), model: model,
            seed: seed)
    }
}

extension SimulatorHead {
    fileprivate func identified(_ id: String) -> SimulatorHead {
        var head = self
        head.headers.append(Header(name: "cache-control", value: "no-cache"))
        head.headers.append(Header(name: "x-request-id", value: "req_" + id))
        return head
    }
}
