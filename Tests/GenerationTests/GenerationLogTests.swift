import FreshetGeneration
import Testing

struct GenerationLogTests {
    @Test func eventsAreNumberedFromOne() {
        let log = GenerationLog(texts: ["Hel", "lo", " w"])
        #expect(log.texts() == ["1 ·", "2 ·", "3 Hel", "4 lo", "5  w"])
        #expect(log.lastSequence == 5)
        #expect(log.appendedBytes == 7)
    }

    @Test(arguments: [
        (0, ["1 ·", "2 ·", "3 Hel", "4 lo", "5  w"]),
        (4, ["1 ·", "2 ·", "3 Hel", "4-5 lo w"]),
        (5, ["1 ·", "2 ·", "3-4 Hello", "5  w"]),
        (1 << 20, ["1 ·", "2 ·", "3-5 Hello w"]),
    ])
    func mergingStaysWithinItsBytes(_ merge: Int, _ texts: [String]) {
        #expect(GenerationLog(texts: ["Hel", "lo", " w"]).texts(merge: merge) == texts)
    }

    @Test func aReaderStartsWhereItLeftOff() {
        let log = GenerationLog(texts: ["a", "b", "c"])
        for sequence in 0...6 {
            #expect(log.texts(after: UInt64(sequence)) == Array(log.texts().dropFirst(sequence)))
        }
        #expect(log.texts(after: 3, merge: 100) == ["4-5 bc"])
        #expect(log.texts(after: .max) == [])
    }

    @Test func aCursorAtTheTailWaits() {
        var log = GenerationLog(texts: ["a"])
        var cursor = LogCursor()
        while log.read(&cursor, { _, _ in }) {}
        #expect(cursor.next == 4)
        #expect(!log.read(&cursor) { _, _ in Issue.record("nothing is there") })
        log.append(.blockDelta(block: 0, kind: .text, text: "b"))
        var seen: [Seen] = []
        #expect(log.read(&cursor) { seen.append(Seen($0, $1)) })
        #expect(seen.map(\.text) == ["b"])
    }

    @Test func deltasOfAnotherBlockDoNotMerge() {
        var log = GenerationLog()
        for block in [0, 0, 1, 0, 1, 1] { log.append(.blockDelta(block: block, kind: .toolInput, text: "\(block)")) }
        #expect(log.texts(merge: 100) == ["1-2 00", "3 1", "4 0", "5-6 11"])
    }

    @Test func emptyDeltasCount() {
        let log = GenerationLog(texts: ["", "a", ""])
        #expect(log.texts() == ["1 ·", "2 ·", "3 ", "4 a", "5 "])
        #expect(log.texts(merge: 1) == ["1 ·", "2 ·", "3-5 a"])
    }

    /// Half a surrogate pair ends its run: otherwise its other half would be joined to it in the middle of an event.
    @Test func aSplitSurrogatePairStaysTwoEvents() {
        var log = GenerationLog()
        for bytes: [UInt8] in [[0x61, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80], [0x62]] {
            log.appendDelta(block: 0, kind: .text) { $0 += bytes }
        }
        #expect(log.seen(merge: 100).map(\.bytes) == [[0x61, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80, 0x62]])
        #expect(log.seen().map(\.bytes) == [[0x61, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80], [0x62]])
    }
}

struct LogExtrasTests {
    static let constant = Extras(dialect: .openAIChat, bytes: [1])
    static let other = Extras(dialect: .openAIChat, bytes: [2])
    static let news = Extras(dialect: .openAIChat, bytes: [1], isConstant: false)

    static func log(_ extras: [Extras?], endsFrame: [Bool] = []) -> GenerationLog {
        var log = GenerationLog()
        for (place, extras) in extras.enumerated() {
            let ends = place < endsFrame.count ? endsFrame[place] : true
            log.appendDelta(block: 0, kind: .text, extras: extras, endsFrame: ends) { $0.append(0x61 + UInt8(place)) }
        }
        return log
    }

    @Test(arguments: [
        ([constant, constant, constant], ["1-3 abc"]),
        ([constant, other, other], ["1 a", "2-3 bc"]),
        ([nil, nil, constant], ["1-2 ab", "3 c"]),
        ([news, news, news], ["1 a", "2 b", "3 c"]),
        ([nil, news, nil], ["1 a", "2 b", "3 c"]),
    ])
    func onlyEqualConstantExtrasShareARun(_ extras: [Extras?], _ merged: [String]) {
        let log = Self.log(extras)
        #expect(log.texts(merge: 100) == merged)
        #expect(log.seen().map(\.extras) == extras)
    }

    @Test func equalExtrasAreCountedOnce() {
        #expect(Self.log([Self.constant, Self.constant]).appendedBytes == 3)
        #expect(Self.log([Self.news, Self.news]).appendedBytes == 4)
    }

    @Test func framesOfSeveralEventsStayAsTheyAre() {
        let log = Self.log([nil, nil, nil, nil], endsFrame: [true, false, true, true])
        #expect(log.texts(merge: 100) == ["1 a", "2 b", "3-4 cd"])
        #expect(log.seen().map(\.endsFrame) == [true, false, true, true])
    }
}

struct LogHoldingTests {
    @Test func whatIsHeldIsShownOnRelease() {
        var log = GenerationLog(texts: ["a"])
        log.hold()
        log.append(.blockDelta(block: 0, kind: .text, text: "b"))
        log.append(.notice(code: "x", message: ""))
        #expect(log.heldCount == 2)
        #expect(log.texts(merge: 100) == ["1 ·", "2 ·", "3 a"])
        log.release()
        #expect(log.heldCount == 0)
        #expect(log.texts(merge: 100) == ["1 ·", "2 ·", "3-4 ab", "5 ·"])
    }

    @Test func whatIsDiscardedNeverWas() {
        var log = GenerationLog(texts: ["a"])
        log.hold()
        log.append(.blockDelta(block: 0, kind: .text, text: "b"))
        log.append(.blockEnd(block: 0, kind: .text))
        log.append(.blockStart(BlockStart(block: 1, kind: .text)))
        log.discardHeld()
        #expect(log.lastSequence == 3)
        log.append(.blockDelta(block: 0, kind: .text, text: "c"))
        #expect(log.visibleSequence == 3)
        log.release()
        #expect(log.texts() == ["1 ·", "2 ·", "3 a", "4 c"])
    }

    @Test func aReaderAtTheTailGoesOnAfterADiscard() {
        var log = GenerationLog(texts: ["a"])
        var cursor = LogCursor()
        while log.read(&cursor, { _, _ in }) {}
        log.hold()
        log.append(.attempt(Attempt(route: "a/b")))
        log.discardHeld()
        log.append(.attempt(Attempt(route: "c/d")))
        log.release()
        var seen: [Seen] = []
        while log.read(&cursor, { seen.append(Seen($0, $1)) }) {}
        #expect(seen.map(\.event) == [.attempt(Attempt(route: "c/d"))])
        #expect(seen.map(\.last) == [4])
    }
}

struct LogForgettingTests {
    @Test func aReaderGoesOnBehindWhatWasForgotten() {
        var log = GenerationLog()
        var cursor = LogCursor()
        var text = ""
        log.append(.generationStart(.sample))
        for number in 0..<200 {
            if number % 50 == 0 { log.append(.blockStart(BlockStart(block: number / 50, kind: .text))) }
            log.append(.blockDelta(block: number / 50, kind: .text, text: "\(number),"))
            if number % 3 == 0 { continue }
            while log.read(&cursor, merge: number % 2 * 100, { text += Seen($0, $1).text }) {}
            log.forget(through: cursor.next - 1)
            #expect(log.bytesBehind(cursor) == 0)
        }
        while log.read(&cursor, { text += Seen($0, $1).text }) {}
        #expect(text == (0..<200).map { "\($0)," }.joined())
        #expect(log.lastSequence == 205)
    }

    @Test func whatIsNotTakenStays() {
        var log = GenerationLog(texts: ["a", "b"])
        log.forget(through: 2)
        #expect(log.texts(after: 2) == ["3 a", "4 b"])
        log.forget(through: 3)
        #expect(log.texts(after: 3) == ["4 b"])
        log.append(.blockEnd(block: 0, kind: .text))
        log.forget(through: 4)
        #expect(log.texts(after: 4) == ["5 ·"])
    }

    @Test func bytesBehindAreThoseOfDeltas() {
        let log = GenerationLog(texts: ["abc", "de"])
        #expect(log.bytesBehind(LogCursor()) == 5)
        #expect(log.bytesBehind(LogCursor(after: 3)) == 2)
        #expect(log.bytesBehind(LogCursor(after: 4)) == 0)
    }
}
