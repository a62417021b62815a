import Foundation
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// `Tests/Fixtures/protocol`: what ids, cursors, checksums and merged events are, in every language.
struct ProtocolVectorTests {
    /// The rows of one list in one file.
    static func rows(_ file: String, _ list: String) throws -> [JSONValue] {
        let url = Corpus.project.appending(path: "Tests/Fixtures/protocol/" + file)
        let rows = try JSONValue(parsing: [UInt8](Data(contentsOf: url)))[list]?.arrayValue
        return try #require(rows, "\(file): \(list)")
    }

    static func text(_ row: JSONValue, _ name: String) throws -> String { try #require(row[name]?.stringValue) }

    @Test func ids() throws {
        for row in try Self.rows("ids.json", "valid") {
            let text = try Self.text(row, "id")
            let id = try #require(GenerationID(text))
            let random = try Self.text(row, "random")
            let high = try #require(UInt16(random.prefix(4), radix: 16))
            let low = try #require(UInt64(random.dropFirst(4), radix: 16))
            let milliseconds = try #require(row["milliseconds"]?.intValue)
            #expect(id == GenerationID(milliseconds: UInt64(milliseconds), random: (high, low)))
            #expect(String(describing: id) == text)
        }
        let ordered = try Self.rows("ids.json", "ordered").map {
            try #require($0.stringValue.flatMap { GenerationID($0) })
        }
        #expect(ordered == ordered.sorted())
        for row in try Self.rows("ids.json", "refused") {
            let text = try #require(row.stringValue)
            #expect(GenerationID(text) == nil, "\(text)")
        }
    }

    @Test func cursors() throws {
        for row in try Self.rows("cursors.json", "valid") {
            let cursor = try #require(EventCursor(Self.text(row, "cursor")))
            #expect(String(describing: cursor.generation) == (try Self.text(row, "generation")))
            guard case .number(let number)? = row["seq"] else { throw CocoaError(.coderValueNotFound) }
            #expect(String(cursor.sequence) == number.digits)
            #expect(cursor.part == row["part"]?.intValue)
        }
        for row in try Self.rows("cursors.json", "refused") {
            let text = try #require(row.stringValue)
            #expect(EventCursor(text) == nil, "\(text)")
        }
    }

    @Test func checksums() throws {
        for row in try Self.rows("checksums.json", "blocks") {
            let lines = try #require(row["lines"]?.arrayValue).map { Array(try #require($0.stringValue).utf8) }
            var (log, reader) = (GenerationLog(), ReadBlock())
            log.append(.blockStart(BlockStart(block: 0, kind: .text)))
            for line in lines {
                let delta = try NativeEvent(parsing: line.span).deltaBytes(in: line.span)
                log.appendDelta(block: 0, kind: .text) { $0 += delta }
                _ = reader.append(delta.span)
            }
            let block = try #require(log.fold().blocks.first)
            let sum = String(format: "%08x", block.checksum)
            #expect(sum == (try Self.text(row, "checksum")), "\(row)")
            #expect(reader.checksum == block.checksum)
            if let utf8 = row["utf8"]?.stringValue {
                #expect(block.bytes.map { String(format: "%02x", $0) }.joined() == utf8)
            }
        }
    }

    @Test func merges() throws {
        for row in try Self.rows("merges.json", "readers") {
            var log = GenerationLog()
            for event in try #require(row["events"]?.arrayValue) {
                log.append(line: Array(try #require(event.stringValue).utf8))
            }
            let (after, most) = (try #require(row["after"]?.intValue), try #require(row["most"]?.intValue))
            let name = try Self.text(row, "name")
            var cursor = LogCursor(after: UInt64(after))
            var lines: [String] = []
            while log.read(&cursor, merge: most, { lines.append(Self.line($0, $1)) }) {}
            let merged = try #require(row["merged"]?.arrayValue).map { try #require($0.stringValue) }
            #expect(lines == merged, "\(name) after \(after), at most \(most)")
        }
    }

    private static func line(_ item: LoggedEvent, _ payload: Span<UInt8>) -> String {
        var out: [UInt8] = []
        NativeJSON.append(item, payload, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

extension GenerationLog {
    /// Appends what a native line says.
    fileprivate mutating func append(line: [UInt8]) {
        do {
            guard let event = try NativeEvent(parsing: line.span).event else { return }
            append(event)
        } catch { Issue.record("\(String(decoding: line, as: UTF8.self)): \(error)") }
    }
}
