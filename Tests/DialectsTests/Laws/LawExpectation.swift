import FreshetDialects
import FreshetGeneration
import FreshetPartialJSON

/// What was said in a log: each choice's deltas of a kind, in the order they came, whichever block they were in.
struct LawExpectation {
    private(set) var answers: [Int: LawMessage.Answer] = [:]
    /// The calls that ended, by block.
    private(set) var endedCalls: Set<Int> = []
    let fold: GenerationFold

    /// - Parameters:
    ///   - log: What was said.
    ///   - dialect: To whom: to some neither calls that the provider answers itself nor the order of blocks' deltas.
    init(_ log: GenerationLog, to dialect: LawStream.Dialect = .native) {
        fold = log.fold()
        guard dialect != .anthropic else {
            sayBlockwise([0])
            return
        }
        guard dialect != .gemini else {
            sayBlockwise(Set(fold.blocks.map(\.start.choice)))
            sayCallsAsObjects()
            return
        }
        var texts: [Int: [BlockKind: [UInt8]]] = [:]
        for seen in log.seen() {
            if let delta = seen.delta {
                let choice = fold.blocks[delta.block].start.choice
                WTF8.append(delta.bytes.span, to: &texts[choice, default: [:]][delta.kind, default: []])
            }
            if case .blockEnd(let block, .toolInput) = seen.event { endedCalls.insert(block) }
        }
        for choice in Set(fold.blocks.map(\.start.choice)) {
            let text = { (kind: BlockKind) in String(replacingSurrogatesOf: texts[choice]?[kind] ?? []) }
            answers[choice] = LawMessage.Answer(
                text: text(.text), reasoning: text(.reasoning), refusal: text(.refusal),
                calls: fold.blocks.filter { $0.start.kind == .toolInput && $0.start.choice == choice }
                    .filter { dialect == .native || $0.start.isClientCall }.map(Self.call))
        }
    }

    /// One block after the other, a refusal as text.
    private mutating func sayBlockwise(_ choices: Set<Int>) {
        for choice in choices {
            let blocks = fold.blocks.filter { $0.start.choice == choice }
            let text = { (kinds: [BlockKind]) in
                blocks.filter { kinds.contains($0.start.kind) }.map(\.text).joined()
            }
            answers[choice] = LawMessage.Answer(
                text: text([.text, .refusal]), reasoning: text([.reasoning]),
                calls: blocks.filter(\.start.isClientCall).map(Self.call))
        }
    }

    /// A call that was cut is none, and arguments are an object.
    private mutating func sayCallsAsObjects() {
        for choice in answers.keys {
            let calls = fold.blocks.filter {
                $0.start.choice == choice && $0.start.isClientCall && !$0.isOpen
            }
            answers[choice]?.calls = calls.map { block in
                var call = Self.call(block)
                let value = block.bytes.isEmpty ? .object(JSONObject()) : try? JSONValue(parsing: block.bytes)
                if let value, value.objectValue != nil { call.arguments = value.text }
                return call
            }
        }
    }

    private static func call(_ block: GenerationFold.Block) -> LawMessage.Call {
        LawMessage.Call(id: block.start.callID, name: block.start.name, arguments: block.text)
    }
}

/// One program in one dialect, as a line for readers in other languages.
struct LawLine {
    private let program: LawProgram
    private let stream: LawStream

    init(_ program: LawProgram, _ stream: LawStream) { (self.program, self.stream) = (program, stream) }

    func write(into out: inout [UInt8]) {
        let ends =
            [.chat, .gemini].contains(stream.dialect)
            ? Array(program.frameEnds.dropLast()) : Array(0..<program.log.lastSequence)
        let cut = ends[program.seed % ends.count]
        let variants: JSONValue = [
            "whole": .string(stream.whole(program)), "merged": .string(stream.whole(program, merge: 1 << 20)),
            "resumed": .array(stream.resumed(program, after: cut).map { .string($0) }),
            "resumed-merged": .array(stream.resumed(program, after: cut, merge: 20).map { .string($0) }),
        ]
        let line: JSONValue = [
            "seed": .number(JSONNumber(program.seed)), "dialect": .string(stream.dialect.rawValue),
            "framing": stream.framing.isEventStream ? "sse" : "ndjson",
            "named": .bool(stream.dialect == .simple && stream.isAsked), "expected": expected, "variants": variants,
        ]
        line.write(into: &out)
        out.append(0x0A)
    }

    private var expected: JSONValue {
        let said = LawExpectation(program.log, to: stream.dialect)
        let answer = said.answers[0] ?? LawMessage.Answer()
        let calls = said.fold.blocks.filter { $0.start.kind == .toolInput }
        let shown = calls.filter {
            switch stream.dialect {
            case .native: true
            // A call is shown once it is whole.
            case .simple: said.endedCalls.contains($0.start.block)
            case .chat, .anthropic: $0.start.isClientCall
            case .gemini: $0.start.isClientCall && !$0.isOpen
            }
        }
        return [
            "text": .string(answer.text), "reasoning": .string(answer.reasoning), "refusal": .string(answer.refusal),
            "tool_calls": .array(
                shown.map {
                    [
                        "id": .string($0.start.callID), "name": .string($0.start.name), "arguments": .string($0.text),
                    ]
                }),
            "finish_reason": said.fold.end?.finishReason.map { .string($0.wire) } ?? .null,
            "outcome": .string(said.fold.end?.outcome.rawValue ?? ""),
        ]
    }
}
