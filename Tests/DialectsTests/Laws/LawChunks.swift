import FreshetPartialJSON
import FreshetTestSupport

/// Random Chat chunks as servers send them: members of all kinds beside the answer, roles once or always, parallel calls.
struct LawChunks {
    let choices: Int
    var numbers: SeededGenerator
    private let repeatsRole: Bool
    private let fingerprint: String?
    private let logprobs: Bool
    private let reasoningName: String
    private let usageNull: Bool
    private let changesCreated: Bool
    private var count = 0

    init(choices: Int, numbers: SeededGenerator) {
        self.choices = choices
        var numbers = numbers
        repeatsRole = Int.random(in: 0..<4, using: &numbers) == 0
        fingerprint = [nil, "null", "\"fp_1\""].randomElement(using: &numbers) ?? nil
        logprobs = Int.random(in: 0..<4, using: &numbers) == 0
        reasoningName = Bool.random(using: &numbers) ? "reasoning" : "reasoning_content"
        usageNull = Bool.random(using: &numbers)
        changesCreated = Int.random(in: 0..<6, using: &numbers) == 0
        self.numbers = numbers
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &numbers) == 0 }

    /// All frames' data, `[DONE]` the last of them.
    mutating func frames() -> [String] {
        var frames: [String] = []
        if chance(4) { frames.append(chunk([], also: "\"prompt_filter_results\":[{\"a\":1}]")) }
        var scripts = (0..<choices).map { script($0) }
        while let choice = scripts.indices.filter({ !scripts[$0].isEmpty }).randomElement(using: &numbers) {
            frames.append(chunk([scripts[choice].removeFirst()]))
        }
        if chance(2) { frames.append(chunk([], usage: "{\"prompt_tokens\":9,\"completion_tokens\":21,\"x\":0}")) }
        if chance(8) { frames.append(chunk([], also: "\"moderation\":{\"flagged\":false}")) }
        if chance(2) { frames.append("[DONE]") }
        return frames
    }

    /// One choice's parts in order, each an element of `choices`.
    private mutating func script(_ choice: Int) -> [String] {
        let role = "\"role\":\"assistant\""
        var parts =
            chance(3)
            ? [] : [part(choice, [role, chance(2) ? "\"content\":\"\"" : "\"content\":null", "\"refusal\":null"])]
        var deltas: [[String]] = []
        if chance(3) { deltas += texts(reasoningName) }
        if !chance(4) { deltas += texts("content") }
        if chance(6) { deltas += texts("refusal") }
        if chance(2) { deltas += calls() }
        if chance(5) { deltas += texts("content") }
        for (place, delta) in deltas.enumerated() {
            let isFirst = parts.isEmpty && place == 0
            parts.append(part(choice, (isFirst || repeatsRole ? [role] : []) + delta))
        }
        let reason = ["stop", "length", "tool_calls", "content_filter"].randomElement(using: &numbers) ?? "stop"
        parts.append(part(choice, parts.isEmpty ? [role] : [], finish: "\"\(reason)\""))
        if chance(8) { parts.append(part(choice, [], finish: "\"\(reason)\"")) }
        return parts
    }

    private mutating func texts(_ name: String) -> [[String]] {
        LawText.pieces(LawText.words(8, &numbers), &numbers).map { ["\"\(name)\":\(quoted($0))"] }
    }

    /// Parallel calls, one after the other or interleaved.
    private mutating func calls() -> [[String]] {
        let count = Int.random(in: 1...3, using: &numbers)
        var scripts: [[String]] = (0..<count).map { index in
            let name =
                "\"id\":\"call_\(index)\",\"type\":\"function\",\"function\":{\"name\":\"search\",\"arguments\":\"\"}"
            let pieces = LawText.pieces(LawText.arguments(&numbers), &numbers)
            return ["{\"index\":\(index),\(name)}"]
                + pieces.map { "{\"index\":\(index),\"function\":{\"arguments\":\(quoted($0))}}" }
        }
        var order: [[String]] = [scripts.map { $0[0] }]
        if chance(2) { order = order[0].map { [$0] } }
        for index in scripts.indices { scripts[index].removeFirst() }
        while let index = scripts.indices.filter({ !scripts[$0].isEmpty }).randomElement(using: &numbers) {
            order.append([scripts[index].removeFirst()])
        }
        return order.map { ["\"tool_calls\":[\($0.joined(separator: ","))]"] }
    }

    private mutating func part(_ choice: Int, _ members: [String], finish: String = "null") -> String {
        var part = "{\"index\":\(choice),\"delta\":{\(members.joined(separator: ","))}"
        if logprobs {
            part +=
                members.isEmpty
                ? ",\"logprobs\":null" : ",\"logprobs\":{\"content\":[{\"token\":\"\(members.count)\"}]}"
        }
        return part + ",\"finish_reason\":\(finish)}"
    }

    private mutating func chunk(_ parts: [String], also: String? = nil, usage: String? = nil) -> String {
        count += 1
        let created = 1_763_650_001 + (changesCreated ? count : 0)
        var members = ["\"id\":\"chatcmpl-1\"", "\"object\":\"chat.completion.chunk\"", "\"created\":\(created)"]
        members += ["\"model\":\"big\"", "\"choices\":[\(parts.joined(separator: ","))]"]
        if let fingerprint { members.append("\"system_fingerprint\":\(fingerprint)") }
        if let usage { members.append("\"usage\":\(usage)") } else if usageNull { members.append("\"usage\":null") }
        if let also { members.append(also) }
        return "{\(members.joined(separator: ","))}"
    }

    private func quoted(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.appendJSON(string: bytes.span)
        return String(decoding: out, as: UTF8.self)
    }
}
