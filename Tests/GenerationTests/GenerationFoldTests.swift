import FreshetGeneration
import Testing

struct GenerationFoldTests {
    @Test func gathersTheMessage() {
        var log = GenerationLog(texts: ["Hel", "lo"])
        log.append(.blockEnd(block: 0, kind: .text))
        log.append(.blockStart(BlockStart(block: 1, kind: .toolInput, callID: "call_1", name: "search")))
        log.append(.blockDelta(block: 1, kind: .toolInput, text: "{}"))
        log.append(.usage(Usage(inputTokens: 9, outputTokens: 1)))
        log.append(.finish(choice: 0, reason: .length))
        log.append(.finish(choice: 1, reason: .stop))
        log.append(.finish(choice: 0, reason: .toolCalls))
        log.append(.toolOutput(callID: "call_1", result: Array("1".utf8)))
        let end = GenerationEnd(outcome: .stopped, usage: Usage(inputTokens: nil, outputTokens: 21))
        log.append(.generationEnd(end))
        let fold = log.fold()
        #expect(fold.start == .sample)
        #expect(fold.blocks.map(\.text) == ["Hello", "{}"])
        #expect(fold.blocks.map(\.isOpen) == [false, true])
        #expect(fold.blocks[1].start.name == "search")
        #expect(fold.finishes.map(\.choice) == [0, 1])
        #expect(fold.finishes.map(\.reason) == [.toolCalls, .stop])
        #expect(fold.usage == Usage(inputTokens: 9, outputTokens: 21))
        #expect(fold.toolOutputs.map(\.callID) == ["call_1"])
        #expect(fold.toolOutputs.map(\.result) == [Array("1".utf8)])
        #expect(fold.end == end)
        #expect(fold.sequence == log.lastSequence)
    }

    @Test func stopsWhereItIsTold() {
        let log = GenerationLog(texts: ["a", "b", "c"])
        #expect(log.fold(through: 4).blocks.map(\.text) == ["ab"])
        #expect(log.fold(through: 0) == GenerationFold())
    }

    @Test func theFirstAttemptIsTheOneReadersWereTold() {
        var log = GenerationLog()
        log.append(.attempt(Attempt(route: "a/b", providerID: "1")))
        log.append(.attempt(Attempt(route: "c/d", providerID: "2")))
        #expect(log.fold().attempt?.providerID == "1")
    }

    @Test func remembersWhoseFramesToldOfAttemptAndUsage() {
        let extras = Extras(dialect: .openAIChat, bytes: [])
        var log = GenerationLog()
        log.append(.attempt(Attempt(route: "a/b")), endsFrame: false)
        #expect(log.fold().attemptSource == nil)
        log.append(.blockStart(BlockStart(block: 0, kind: .text)), extras: extras)
        #expect(log.fold().attemptSource == .openAIChat)
        #expect(log.fold().usageSource == nil)
        log.append(.usage(Usage()), extras: extras)
        log.append(.usage(Usage()))
        #expect(log.fold().usageSource == .openAIChat)
    }

    @Test func halvesOfASurrogatePairJoin() {
        var log = GenerationLog()
        log.append(.blockStart(BlockStart(block: 0, kind: .text)))
        for bytes: [UInt8] in [[0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80], [0xED, 0xA0, 0xBD], [0x61]] {
            log.appendDelta(block: 0, kind: .text) { $0 += bytes }
        }
        #expect(log.fold().blocks[0].text == "😀\u{FFFD}a")
        #expect(log.fold().blocks[0].bytes == Array("😀".utf8) + [0xED, 0xA0, 0xBD, 0x61])
    }

    /// A reader folds what a peer sends: nothing of it may end the process.
    @Test func whatTheGrammarForbidsIsPassedOver() {
        var log = GenerationLog()
        log.append(.blockDelta(block: 3, kind: .text, text: "a"))
        log.append(.blockDelta(block: -1, kind: .text, text: "a"))
        log.append(.blockEnd(block: 7, kind: .text))
        log.append(.blockStart(BlockStart(block: 9, kind: .text)))
        #expect(log.fold().blocks.isEmpty)
    }
}
