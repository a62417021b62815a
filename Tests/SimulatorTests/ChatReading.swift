import FreshetPartialJSON
import Testing

@testable import FreshetSimulator

/// A script performed without waiting.
struct Performance {
    var head: SimulatorHead
    var bytes: [UInt8] = []
    /// Sizes of the writes.
    var writes: [Int] = []
    /// When each write was due.
    var dues: [UInt64] = []
    /// What came last, if not a write.
    var end: SimulatorStep.Action?
    var endDue: UInt64 = 0

    init(_ script: SimulatorScript, most: Int = .max) {
        var script = script
        head = script.head
        var output: [UInt8] = []
        var last: UInt64 = 0
        while writes.count < most, let step = script.next(into: &output) {
            if step.due < last { Issue.record("steps come in the order of their times") }
            last = step.due
            if let end { Issue.record("nothing follows \(end)") }
            if step.action == .write {
                bytes += output
                writes.append(output.count)
                dues.append(step.due)
                output.removeAll(keepingCapacity: true)
            } else {
                end = step.action
                endDue = step.due
                #expect(output.isEmpty)
            }
        }
    }

    /// The `data:` of each event.
    var frames: [String] {
        var frames: [String] = []
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        while let range = rest.firstRange(of: "\n\n") {
            frames.append(String(rest[..<range.lowerBound].dropFirst("data: ".count)))
            rest = rest[range.upperBound...]
        }
        return frames
    }
}

/// One choice of an answer, put together from its frames under the exact grammar of the wire.
struct ReadChoice: Equatable {
    var role: String?
    var content: String?
    var reasoning: String?
    var calls: [JSONValue] = []
    var finish: String?
}

/// Reads a stream; every breach of the grammar is an issue.
struct StreamReading {
    var choices: [Int: ReadChoice] = [:]
    var usage: JSONValue?
    private var ids: Set<String> = []

    init(_ frames: [String], expectsUsage: Bool) throws {
        #expect(frames.last == "[DONE]")
        for frame in frames.dropLast() {
            let chunk = try JSONValue(parsing: Array(frame.utf8))
            #expect(chunk["object"]?.stringValue == "chat.completion.chunk")
            #expect((chunk["usage"] != nil) == expectsUsage)
            #expect(usage == nil, "nothing follows usage")
            ids.insert(try #require(chunk["id"]?.stringValue))
            let list = try #require(chunk["choices"]?.arrayValue)
            if list.isEmpty { usage = chunk["usage"] } else { try read(list) }
        }
        #expect(ids.count == 1)
        for choice in choices.values { #expect(choice.finish != nil) }
    }

    private mutating func read(_ list: [JSONValue]) throws {
        #expect(list.count == 1)
        let index = try #require(list[0]["index"]?.intValue)
        var choice = choices[index] ?? ReadChoice()
        #expect(choice.finish == nil, "nothing follows the finish")
        let delta = try #require(list[0]["delta"]?.objectValue)
        if let role = delta["role"]?.stringValue {
            #expect(choice.role == nil, "role once")
            choice.role = role
        }
        #expect(choice.role != nil, "role first")
        if let text = delta["content"]?.stringValue { choice.content = (choice.content ?? "") + text }
        if let text = delta["reasoning_content"]?.stringValue { choice.reasoning = (choice.reasoning ?? "") + text }
        for call in delta["tool_calls"]?.arrayValue ?? [] { try read(call, into: &choice) }
        choice.finish = list[0]["finish_reason"]?.stringValue
        if choice.finish != nil { #expect(delta.members.isEmpty) }
        choices[index] = choice
    }

    private func read(_ call: JSONValue, into choice: inout ReadChoice) throws {
        let place = try #require(call["index"]?.intValue)
        let arguments = try #require(call["function"]?["arguments"]?.stringValue)
        if call["id"] != nil {
            #expect(place == choice.calls.count, "indexes rise")
            var whole = try #require(call.objectValue)
            whole["index"] = nil
            #expect(whole["type"]?.stringValue == "function" && arguments.isEmpty)
            choice.calls.append(.object(whole))
        } else {
            #expect(call["type"] == nil && call["function"]?["name"] == nil, "id, type and name once")
            var whole = try #require(choice.calls[place].objectValue)
            var function = try #require(whole["function"]?.objectValue)
            function["arguments"] = .string((function["arguments"]?.stringValue ?? "") + arguments)
            whole["function"] = .object(function)
            choice.calls[place] = .object(whole)
        }
    }

    var inOrder: [ReadChoice] { choices.keys.sorted().compactMap { choices[$0] } }
}

/// The choices of a body that did not stream.
func readWhole(_ body: JSONValue) throws -> [ReadChoice] {
    try #require(body["choices"]?.arrayValue).map { choice in
        let message = choice["message"]
        return ReadChoice(
            role: message?["role"]?.stringValue, content: message?["content"]?.stringValue,
            reasoning: message?["reasoning_content"]?.stringValue, calls: message?["tool_calls"]?.arrayValue ?? [],
            finish: choice["finish_reason"]?.stringValue)
    }
}

/// A request's body with further members, `,"stream":true` for example.
func body(_ model: String, _ members: String = "", prompt: String = "hello") -> [UInt8] {
    Array(#"{"model":"\#(model)","messages":[{"role":"user","content":"\#(prompt)"}]\#(members)}"#.utf8)
}

func perform(_ model: String, _ members: String = #","stream":true"#) -> Performance {
    var simulator = Simulator()
    return Performance(simulator.respond(to: body(model, members)))
}
