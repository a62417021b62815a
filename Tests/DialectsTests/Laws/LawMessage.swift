import Foundation
import FreshetGeneration
import FreshetPartialJSON

/// What a reader understood of a stream, whatever its dialect, and the rules it saw broken.
struct LawMessage: Equatable {
    struct Call: Equatable {
        var id = ""
        var name = ""
        var arguments = ""
    }

    struct Answer: Equatable {
        var text = ""
        var reasoning = ""
        var refusal = ""
        var calls: [Call] = []
        var finish: String?
    }

    var answers: [Int: Answer] = [:]
    var usage: String?
    var outcome: String?
    var error: String?
    /// Everything else that was shown, in order.
    var others: [String] = []
    var broken: [String] = []

    mutating func must(_ holds: Bool, _ rule: String) { if !holds { broken.append(rule) } }

    /// Halves of surrogate pairs joined.
    mutating func restore() {
        answers = answers.mapValues { answer in
            var answer = answer
            answer.text = LawText.restored(answer.text)
            answer.reasoning = LawText.restored(answer.reasoning)
            answer.refusal = LawText.restored(answer.refusal)
            for place in answer.calls.indices {
                answer.calls[place].arguments = LawText.restored(answer.calls[place].arguments)
            }
            return answer
        }
    }
}

// MARK: Chat

extension LawMessage {
    /// Reads a Chat stream as the official accumulator does.
    static func chat(_ parts: [String], isLines: Bool, asksUsage: Bool) throws -> LawMessage {
        var message = LawMessage()
        var roles: [Int: Int] = [:]
        let reader = try ChatReader(LawText.markingHalves(parts.joined()), isLines: isLines)
        message.must(reader.late == 0, "nothing follows the end")
        message.outcome = reader.error == nil ? "ended" : "failed"
        message.must(reader.isDone == (reader.error == nil && !isLines), "[DONE] after success and only then")
        message.error = reader.error?.text
        for chunk in reader.chunks {
            message.must(chunk["choices"]?.arrayValue != nil, "every chunk has choices")
            if let usage = chunk["usage"], !usage.isNull { message.usage = usage.text }
            message.must(asksUsage || chunk["usage"] == nil, "usage only where it was asked for")
            for choice in chunk["choices"]?.arrayValue ?? [] { message.take(choice, &roles) }
        }
        message.restore()
        return message
    }

    private mutating func take(_ choice: JSONValue, _ roles: inout [Int: Int]) {
        let index = choice["index"]?.intValue ?? -1
        var answer = answers[index, default: Answer()]
        guard let delta = choice["delta"] else { return must(false, "every choice has a delta") }
        if delta["role"] != nil {
            must(roles[index] == nil, "the role once")
            roles[index] = 1
        }
        // A choice that had said nothing when the answer was stopped has a finish reason alone.
        let isBare = delta.objectValue?.members.isEmpty == true && answers[index] == nil
        must(roles[index] != nil || isBare, "the role first")
        answer.text += delta["content"]?.stringValue ?? ""
        answer.reasoning += (delta["reasoning_content"] ?? delta["reasoning"])?.stringValue ?? ""
        answer.refusal += delta["refusal"]?.stringValue ?? ""
        for call in delta["tool_calls"]?.arrayValue ?? [] { take(call: call, &answer) }
        if let finish = choice["finish_reason"]?.stringValue { answer.finish = finish }
        answers[index] = answer
    }

    private mutating func take(call: JSONValue, _ answer: inout Answer) {
        let index = call["index"]?.intValue ?? -1
        if index == answer.calls.count {
            must(call["id"] != nil && call["type"]?.stringValue == "function", "a call begins with id and type")
            answer.calls.append(
                Call(id: call["id"]?.stringValue ?? "", name: call["function"]?["name"]?.stringValue ?? ""))
        } else {
            must(answer.calls.indices.contains(index), "the calls' indexes rise")
            must(call["id"] == nil && call["type"] == nil && call["function"]?["name"] == nil, "id, type, name once")
        }
        guard answer.calls.indices.contains(index) else { return }
        answer.calls[index].arguments += call["function"]?["arguments"]?.stringValue ?? ""
    }
}

// MARK: Anthropic

extension LawMessage {
    /// Reads an Anthropic stream as the official accumulator does.
    static func anthropic(_ parts: [String], isLines: Bool) throws -> LawMessage {
        var message = LawMessage()
        let reader = try AnthropicReader(LawText.markingHalves(parts.joined()), isLines: isLines)
        message.broken = reader.broken
        message.outcome = reader.isDone ? "ended" : "failed"
        message.error = reader.error?.text
        var (answer, call) = (Answer(), false)
        for event in reader.events {
            let (block, delta) = (event["content_block"], event["delta"])
            switch event["type"]?.stringValue {
            case "content_block_start":
                call = block?["type"]?.stringValue == "tool_use"
                if call {
                    let (id, name) = (block?["id"]?.stringValue ?? "", block?["name"]?.stringValue ?? "")
                    answer.calls.append(Call(id: id, name: name))
                }
                message.others.append(block?.text ?? "")
            case "content_block_delta":
                answer.text += delta?["text"]?.stringValue ?? ""
                answer.reasoning += delta?["thinking"]?.stringValue ?? ""
                if call { answer.calls[answer.calls.count - 1].arguments += delta?["partial_json"]?.stringValue ?? "" }
                for name in ["signature", "citation"] {
                    if let said = delta?[name] { message.others.append(said.text) }
                }
            case "message_delta":
                answer.finish = delta?["stop_reason"]?.stringValue
                message.usage = event["usage"]?.text
            default: break
            }
        }
        message.answers[0] = answer
        message.restore()
        return message
    }
}

// MARK: Gemini

extension LawMessage {
    /// Joins the parts of a Gemini stream's chunks; a signature is noted with the part that bears it.
    static func gemini(_ parts: [String], isLines: Bool) throws -> LawMessage {
        var message = LawMessage()
        message.outcome = "ended"
        var last: JSONValue?
        let text = LawText.markingHalves(parts.joined())
        for frame in text.components(separatedBy: isLines ? "\n" : "\r\n\r\n") where !frame.isEmpty {
            let chunk = try JSONValue(parsing: Array(frame.dropFirst(frame.hasPrefix("data: ") ? 6 : 0).utf8))
            message.must(message.outcome == "ended", "nothing follows an error")
            if chunk["error"] != nil {
                (message.outcome, message.error) = ("failed", chunk.text)
                continue
            }
            message.must(chunk["candidates"]?.arrayValue?.isEmpty == false, "every chunk has candidates")
            for name in ["modelVersion", "responseId"] {
                message.must(chunk[name]?.stringValue != nil, "every chunk has \(name)")
                message.must(last == nil || last?[name] == chunk[name], "\(name) stays")
            }
            for candidate in chunk["candidates"]?.arrayValue ?? [] { message.take(gemini: candidate) }
            if let usage = chunk["usageMetadata"] { message.usage = usage.text }
            last = chunk
        }
        let isFinished = message.answers.values.allSatisfy { $0.finish != nil } && message.answers[0] != nil
        message.must(message.outcome != "ended" || isFinished, "every candidate has a finish")
        message.restore()
        return message
    }

    private mutating func take(gemini candidate: JSONValue) {
        let index = candidate["index"]?.intValue ?? -1
        var answer = answers[index] ?? Answer()
        must(answer.finish == nil, "nothing follows a candidate's finish")
        must(candidate["content"]?["role"]?.stringValue == "model", "the role")
        must(candidate["content"]?["parts"]?.arrayValue?.isEmpty == false, "every candidate has a part")
        for part in candidate["content"]?["parts"]?.arrayValue ?? [] {
            var kind = "file"
            if let text = part["text"]?.stringValue {
                kind = text.isEmpty ? "nothing" : part["thought"] == nil ? "text" : "thought"
                if kind == "thought" { answer.reasoning += text } else { answer.text += text }
            } else if let call = part["functionCall"] {
                kind = "call"
                let (id, name) = (call["id"]?.stringValue ?? "", call["name"]?.stringValue ?? "")
                must(call["args"]?.objectValue != nil, "arguments are an object")
                let broken = call["args"]?["INVALID_JSON"]?.stringValue
                answer.calls.append(Call(id: id, name: name, arguments: broken ?? call["args"]?.text ?? ""))
            }
            if let signature = part["thoughtSignature"] { others.append("\(index) \(signature.text) on \(kind)") }
            if kind == "file" { others.append(part.text) }
        }
        if let sources = candidate["groundingMetadata"] { others.append(sources.text) }
        answer.finish = candidate["finishReason"]?.stringValue
        answers[index] = answer
    }
}

// MARK: Simple

extension LawMessage {
    static func simple(_ parts: [String], isLines: Bool, isNamed: Bool) throws -> LawMessage {
        var message = LawMessage()
        var answer = Answer()
        var last: UInt64 = 0
        for frame in LawText.markingHalves(parts.joined()).split(separator: isLines ? "\n" : "\n\n") {
            var lines = frame.split(separator: "\n").map(String.init)
            let name = isNamed && !isLines ? String(lines.removeFirst().dropFirst("event: ".count)) : nil
            let value = try JSONValue(parsing: Array((isLines ? lines[0] : String(lines[1].dropFirst(6))).utf8))
            let id = isLines ? value["id"]?.stringValue ?? "" : String(lines[0].dropFirst(4))
            let sequence = EventCursor(id)?.sequence ?? 0
            message.must(sequence > last, "ids rise")
            last = sequence
            message.must(message.outcome == nil, "nothing follows done or error")
            let type = value["type"]?.stringValue ?? ""
            message.must(
                name == nil || name == ["text": "token", "error": "failure"][type] ?? type, "the event's name")
            message.take(type, value, isLines: isLines, &answer)
        }
        message.must(message.outcome != nil, "every stream ends with done or error")
        message.answers[0] = answer
        message.restore()
        return message
    }

    private mutating func take(_ type: String, _ value: JSONValue, isLines: Bool, _ answer: inout Answer) {
        switch type {
        case "text": answer.text += value["content"]?.stringValue ?? ""
        case "thinking": answer.reasoning += value["content"]?.stringValue ?? ""
        case "tool_call":
            answer.calls.append(
                Call(
                    id: value[isLines ? "call_id" : "id"]?.stringValue ?? "", name: value["tool"]?.stringValue ?? "",
                    arguments: value["params"]?.text ?? ""))
        case "done":
            outcome = "ended"
            answer.finish = value["finish_reason"]?.stringValue
            usage = value["usage"]?.text
        case "error":
            outcome = "failed"
            error = value["code"]?.stringValue
        default: others.append(value["status"]?.stringValue ?? value["result"]?.text ?? type)
        }
    }
}

// MARK: Native

extension LawMessage {
    static func native(_ parts: [String], isLines: Bool) throws -> LawMessage {
        var message = LawMessage()
        var (next, blocks): (UInt64, [(choice: Int, call: Int)]) = (1, [])
        for frame in LawText.markingHalves(parts.joined()).split(separator: isLines ? "\n" : "\n\n") {
            let data = isLines ? frame : frame.split(separator: "\n")[1].dropFirst(6)
            let native = try NativeEvent(parsing: Array(data.utf8).span)
            message.must(native.first == next, "no gap, no repetition")
            if !isLines {
                let id = frame.prefix { $0 != "\n" }.dropFirst(4)
                message.must(EventCursor(id)?.sequence == native.sequence, "the id is the event's")
            }
            next = native.sequence + 1
            if let event = native.event { message.take(event, &blocks) }
        }
        message.must(message.outcome != nil, "every stream ends with generation-end")
        message.restore()
        return message
    }

    private mutating func take(_ event: GenerationEvent, _ blocks: inout [(choice: Int, call: Int)]) {
        must(outcome == nil, "nothing follows generation-end")
        switch event {
        case .blockStart(let start):
            blocks.append((start.choice, answers[start.choice]?.calls.count ?? 0))
            guard start.kind == .toolInput else { return }
            answers[start.choice, default: Answer()].calls.append(Call(id: start.callID, name: start.name))
        case .blockDelta(let block, let kind, let text):
            let (choice, call) = blocks[block]
            switch kind {
            case .text: answers[choice, default: Answer()].text += text
            case .reasoning: answers[choice, default: Answer()].reasoning += text
            case .refusal: answers[choice, default: Answer()].refusal += text
            case .toolInput: answers[choice, default: Answer()].calls[call].arguments += text
            }
        case .finish(let choice, let reason): answers[choice, default: Answer()].finish = reason.wire
        case .generationEnd(let end):
            outcome = end.outcome.rawValue
            error = end.failure?.code.name
            usage = end.usage.map { "\($0)" }
        case .generationStart, .attempt, .blockEnd, .signature, .citation, .file, .usage, .progress, .toolOutput,
            .notice,
            .foreign:
            others.append("\(event)")
        }
    }
}
