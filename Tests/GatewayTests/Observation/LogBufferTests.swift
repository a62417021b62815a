import Testing

@testable import FreshetGateway

/// Whole lines, a bound, and nothing lost without being counted.
struct LogBufferTests {
    @Test func linesComeOutInTheirOrder() {
        var buffer = LogBuffer(limit: 100)
        var batch: [UInt8] = []
        buffer.append(Array("a\n".utf8))
        buffer.append(Array("b\n".utf8))
        #expect(!buffer.isEmpty)
        #expect(buffer.swap(with: &batch) == 0)
        #expect(String(decoding: batch, as: UTF8.self) == "a\nb\n")
        #expect(buffer.isEmpty)
        #expect(buffer.swap(with: &batch) == 0)
        #expect(batch.isEmpty)
    }

    @Test func whatFindsNoRoomIsCounted() {
        var buffer = LogBuffer(limit: 10)
        var batch: [UInt8] = []
        for _ in 0..<4 { buffer.append(Array("abc\n".utf8)) }
        #expect((buffer.lines, buffer.dropped) == (4, 2))
        #expect(buffer.swap(with: &batch) == 2)
        #expect(batch.count == 8)
        // What is being printed still takes its room.
        buffer.append(Array("abc\n".utf8))
        #expect(buffer.dropped == 3)
        #expect(!buffer.isEmpty)
        #expect(buffer.swap(with: &batch) == 1)
        buffer.append(Array("abc\n".utf8))
        #expect((buffer.lines, buffer.dropped) == (6, 3))
        #expect(buffer.swap(with: &batch) == 0)
    }
}
