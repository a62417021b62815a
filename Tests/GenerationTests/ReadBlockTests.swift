import FreshetGeneration
import FreshetPartialJSON
import Testing

/// Deltas as a reader takes them: characters that were split are whole again, and the sum is that of the whole text.
struct ReadBlockTests {
    private static let high: [UInt8] = [0xED, 0xA0, 0xBD]
    private static let low: [UInt8] = [0xED, 0xB8, 0x80]

    private static let scripts: [([[UInt8]], [String])] = [
        ([Array("Hel".utf8), [], Array("lo 日本 🙂".utf8)], ["Hel", "", "lo 日本 🙂"]),
        ([Array("a".utf8) + high, low + Array("b".utf8)], ["a", "😀b"]),
        ([high, [], low], ["", "", "😀"]),
        ([high, high, low + high, low], ["", "\u{FFFD}", "😀", "😀"]),
        ([low, high, Array("x".utf8), high], ["\u{FFFD}", "", "\u{FFFD}x", ""]),
    ]

    @Test(arguments: scripts)
    private func shows(_ deltas: [[UInt8]], _ shown: [String]) {
        var block = ReadBlock()
        var fold = GenerationFold()
        fold.apply(event(.blockStart(BlockStart(block: 0, kind: .text))), [UInt8]().span)
        for (delta, text) in zip(deltas, shown) {
            #expect(block.append(delta.span) == text)
            fold.apply(LoggedEvent(first: 1, last: 1, body: .delta(block: 0, kind: .text)), delta.span)
        }
        #expect(block.checksum == fold.blocks[0].checksum)
    }

    @Test(arguments: [
        (#""Hello""#, Array("Hello".utf8)), (#""a\uD83D""#, Array("a".utf8) + high), (#""\uDE00""#, low),
        (#""\uD83D\uDE00""#, Array("😀".utf8)), ("\"\u{FFFD}\"", Array("\u{FFFD}".utf8)),
    ])
    private func bytesOfADelta(_ json: String, _ bytes: [UInt8]) throws {
        let text = Array(#"{"type":"text-delta","seq":4,"block":0,"delta":\#(json)}"#.utf8)
        #expect(try NativeEvent(parsing: text.span).deltaBytes(in: text.span) == bytes)
    }

    private func event(_ event: GenerationEvent) -> LoggedEvent {
        LoggedEvent(first: 1, last: 1, body: .event(event))
    }
}
