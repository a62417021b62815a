import FreshetGeneration
import FreshetTestSupport

/// A random log of all kinds of events, as strange as producers may make them.
struct LineProgram {
    private var numbers: SeededGenerator
    private(set) var log = GenerationLog()
    let origin: GenerationOrigin
    static let generation = GenerationID.sample

    init(seed: Int, events: Int = 40) {
        numbers = SeededGenerator(seed: UInt64(seed))
        origin = Self.origin(seed)
        log.append(.generationStart(.sample), endsFrame: seed % 2 == 0)
        while log.lastSequence < events { step() }
        if seed % 3 > 0 { log.append(.generationEnd(end())) }
    }

    static func origin(_ seed: Int) -> GenerationOrigin {
        var origin = GenerationOrigin(owner: "team \"\(seed)\" é", dialect: seed % 2 == 0 ? "native" : "of-tomorrow")
        if seed % 2 == 0 { origin.parent = GenerationID(milliseconds: 7, random: (1, UInt64(seed))) }
        if seed % 3 == 0 {
            origin.idempotency = .init(key: "k\n\(seed)", path: "/v1/generations", digest: [0, 255, UInt8(seed & 255)])
        }
        origin.runsToEnd = seed % 5 == 0
        if seed % 4 > 0 {
            let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
            origin.request = seed % 4 == 1 ? Array("{\"a\": \n1.50,\"b\":\(deep)}".utf8) : [0xFF, 0, 10]
        }
        return origin
    }

    private mutating func step() {
        let extras = extras()
        let endsFrame = Int.random(in: 0..<6, using: &numbers) > 0
        if Bool.random(using: &numbers) {
            let block = Int.random(in: 0...2, using: &numbers)
            let kind = BlockKind.allCases[block % 4]
            for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                let text = text()
                log.appendDelta(block: block, kind: kind, extras: extras, endsFrame: endsFrame) { $0 += text }
            }
        } else {
            log.append(event(), extras: extras, endsFrame: endsFrame)
        }
    }

    private mutating func text() -> [UInt8] {
        let pieces: [[UInt8]] = [
            [], Array("Hel".utf8), Array("\"\\\n\u{0}\u{1F}\u{7F}".utf8), Array("日本語🙂".utf8), [0xED, 0xA0, 0xBD],
            [0xED, 0xB8, 0x80], Array("한".utf8), Array("\u{2028}\r\t".utf8), [UInt8](repeating: 0x61, count: 300),
        ]
        return pieces[Int.random(in: 0..<pieces.count, using: &numbers)]
    }

    private mutating func extras() -> Extras? {
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0: Extras(dialect: .openAIChat, bytes: Array("\"a\":1".utf8))
        case 1: Extras(dialect: .openAIChat, bytes: [0xFF, 0xC0, 10, 0])
        case 2:
            Extras(
                dialect: .openAIChat, bytes: Array("\"p\":\(UInt8.random(in: 0...255, using: &numbers))".utf8),
                isConstant: false)
        case 3: Extras(dialect: .simple, bytes: [])
        default: nil
        }
    }

    private mutating func event() -> GenerationEvent {
        let word = String(decoding: text(), as: UTF8.self)
        switch Int.random(in: 0..<18, using: &numbers) {
        case 0: return .attempt(Attempt(route: word, providerModel: word, providerID: nil, providerCreated: .max))
        case 1: return .attempt(Attempt(route: "a/b", providerID: word, providerCreated: -1))
        case 2: return .blockStart(BlockStart(block: 0, kind: .text, choice: 2))
        case 3: return .blockStart(BlockStart(block: 1, kind: .toolInput, callID: word, name: word))
        case 4: return .blockEnd(block: 1, kind: .reasoning)
        case 5: return .finish(choice: 1, reason: FinishReason(wire: "w" + word))
        case 6: return .usage(usage())
        case 7: return .progress(fraction: Double.random(in: 0...1, using: &numbers), status: word)
        case 8: return .progress(fraction: nil, status: "")
        case 9: return .toolOutput(callID: "c", result: result())
        case 10: return .notice(code: word, message: word)
        case 11: return .foreign(dialect: .openAIChat, name: word, bytes: text())
        case 12:
            return .signature(block: 0, Signature(dialect: .anthropic, value: word, isRedacted: word.isEmpty))
        case 13: return .citation(block: 0, Citation(url: word, title: nil, text: word, start: 0, end: 7))
        case 14: return .file(GeneratedFile(mediaType: "image/png", data: word))
        case 15: return .file(GeneratedFile(mediaType: word, url: "u" + word))
        case 16:
            return .blockStart(
                BlockStart(block: 2, kind: .toolInput, callID: word, name: word, isProviderExecuted: true))
        default: return .foreign(dialect: .simple, name: "raw", bytes: [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80, 0xFE])
        }
    }

    private mutating func result() -> [UInt8] {
        let results = [
            "1", "{\"a\": 1.50}", "{\n\"a\":1}", " 1", "", "not json", "\"\\ud83d\"",
            String(repeating: "[", count: 128) + String(repeating: "]", count: 128),
        ]
        return Array(results[Int.random(in: 0..<results.count, using: &numbers)].utf8)
    }

    private mutating func usage() -> Usage {
        var usage = Usage(inputTokens: Bool.random(using: &numbers) ? .max : nil, outputTokens: 0)
        usage.reasoningTokens = Bool.random(using: &numbers) ? 7 : nil
        usage.isEstimate = Bool.random(using: &numbers)
        return usage
    }

    private mutating func end() -> GenerationEnd {
        var failure = GenerationFailure(code: "odd \"word\"", message: "m\n", isRetryable: true, parameter: "p")
        failure.isProvidersWord = Bool.random(using: &numbers)
        return Bool.random(using: &numbers)
            ? GenerationEnd(outcome: .failed, usage: Usage(), failure: failure)
            : GenerationEnd(outcome: .overBudget, finishReason: .length, usage: usage())
    }
}

/// What a file of lines holds.
struct ReadLines {
    var restored = RestoredLog(generation: LineProgram.generation)
    var damages: [(offset: UInt64, bytes: Int)] = []
    var torn: [UInt64] = []
    var lines: [[UInt8]] = []
    var steps: [RestoredLog.Step] = []

    init(_ file: [UInt8], plan: [Range<Int>]? = nil, limit: Int = 1 << 20) {
        var splitter = LogLineSplitter(limit: limit)
        for chunk in plan ?? [0..<file.count] {
            splitter.receive(file.span.extracting(chunk))
            while splitter.next({ take($0, $1, $2) }) {}
        }
        while splitter.finish({ take($0, $1, $2) }) {}
    }

    private mutating func take(_ piece: LogLineSplitter.Piece, _ offset: UInt64, _ bytes: Span<UInt8>) {
        switch piece {
        case .torn: torn.append(offset)
        case .damage: damages.append((offset, bytes.count))
        case .line:
            lines.append(bytes.withUnsafeBufferPointer { Array($0) })
            do {
                let line = try LogLine(parsing: bytes)
                steps.append(restored.apply(line))
            } catch { damages.append((offset, bytes.count)) }
        }
    }
}
