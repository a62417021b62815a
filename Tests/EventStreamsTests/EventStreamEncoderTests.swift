import FreshetEventStreams
import FreshetTestSupport
import Testing

struct EventStreamEncoderTests {
    @Test func blocksAreWrittenByteForByte() {
        var out: [UInt8] = []
        EventStreamEncoder.appendRetry(milliseconds: 1000, to: &out)
        EventStreamEncoder.appendID(bytes("gen:0").span, to: &out)
        EventStreamEncoder.appendEvent(id: bytes("gen:1"), type: "token", data: bytes("a\nb"), to: &out)
        EventStreamEncoder.appendComment("keep-alive", to: &out)
        EventStreamEncoder.appendEventStart(id: bytes("gen:2").span, to: &out)
        out += bytes("{}")
        EventStreamEncoder.appendEventEnd(to: &out)
        EventStreamEncoder.appendEvent(data: [], to: &out)
        EventStreamEncoder.appendRetry(milliseconds: 0, to: &out)
        EventStreamEncoder.appendRetry(milliseconds: .max, to: &out)
        let expected = """
            retry: 1000

            id: gen:0

            id: gen:1
            event: token
            data: a
            data: b

            : keep-alive

            id: gen:2
            data: {}

            data: 

            retry: 0

            retry: 9223372036854775807


            """
        #expect(String(decoding: out, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("", ""), ("x", "x"), (" x", " x"), ("\n", "\n"), ("a\n", "a\n"), ("\r\n", "\n"),
        ("a\rb\r\nc\n\rd", "a\nb\nc\n\nd"),
        ("\r\r\n", "\n\n"), ("data: x\n\nid: 1", "data: x\n\nid: 1"), ("\0", "\0"), ("€\u{2028}🙂", "€\u{2028}🙂"),
    ])
    func dataComesBack(_ data: String, _ expected: String) {
        var out: [UInt8] = []
        EventStreamEncoder.appendEvent(
            id: bytes("7").span, type: bytes(" t").span, data: bytes(data).span, to: &out)
        let seen = decode(out, [0..<out.count])
        #expect(seen.first == .event(type: " t", data: bytes(expected), id: bytes("7")))
        #expect(seen.count == 3)
    }

    @Test func anythingComesBackWithItsLineEndsMadeOne() {
        var numbers = SeededGenerator(seed: 7)
        let alphabet = Array("\r\n: ax€".utf8) + [0, 0xFF]
        for _ in 0..<2000 {
            let data = (0..<Int.random(in: 0...40, using: &numbers)).map { _ in alphabet.randomElement(using: &numbers)!
            }
            var out: [UInt8] = []
            EventStreamEncoder.appendComment(data.span, to: &out)
            EventStreamEncoder.appendEvent(data: data, to: &out)
            let seen = decode(out, [0..<out.count])
            let events = seen.filter { if case .event = $0 { true } else { false } }
            #expect(events == [.event(type: "", data: oneLineEnd(data), id: [])])
        }
    }

    private func oneLineEnd(_ data: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in data.enumerated() {
            if byte == 0x0A, index > 0, data[index - 1] == 0x0D { continue }
            result.append(byte == 0x0D ? 0x0A : byte)
        }
        return result
    }
}
