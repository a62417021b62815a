import Foundation
import FreshetGeneration
import FreshetPartialJSON
import FreshetTestSupport
import Testing

/// The native form of events against `Tests/Fixtures/native`, which every language reads.
struct NativeJSONTests {
    static func lines(_ name: String) throws -> [String] {
        let file = Corpus.project.appending(path: "Tests/Fixtures/native/" + name)
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    static func event(_ line: String) throws(NativeEventError) -> NativeEvent {
        try NativeEvent(parsing: line.utf8.span)
    }

    static func line(_ native: NativeEvent) throws -> String {
        var out: [UInt8] = []
        let event = try #require(native.event)
        if case .blockDelta(let block, let kind, let text) = event {
            let item = LoggedEvent(
                first: native.first, last: native.sequence, body: .delta(block: block, kind: kind))
            NativeJSON.append(item, text.utf8.span, to: &out)
        } else {
            let item = LoggedEvent(first: native.first, last: native.sequence, body: .event(event))
            NativeJSON.append(item, [UInt8]().span, to: &out)
        }
        return String(decoding: out, as: UTF8.self)
    }

    @Test func everyEventIsWrittenAsItWasRead() throws {
        let lines = try Self.lines("events.jsonl")
        for line in lines { #expect(try Self.line(Self.event(line)) == line) }
        let kinds = Set(try lines.map { try JSONValue(parsing: Array($0.utf8))["type"]?.stringValue })
        #expect(kinds.count == 24, "every type there is")
    }

    /// A delta in an enum and one out of the log's buffer are the same line.
    @Test func anUnmergedDeltaIsOneLineEitherWay() throws {
        for line in try Self.lines("events.jsonl") where line.contains("-delta") && !line.contains("from") {
            let native = try Self.event(line)
            var out: [UInt8] = []
            let body = LoggedEvent.Body.event(try #require(native.event))
            NativeJSON.append(LoggedEvent(first: 1, last: native.sequence, body: body), [UInt8]().span, to: &out)
            #expect(String(decoding: out, as: UTF8.self) == line)
        }
    }

    @Test func whatIsNoEventIsRefused() throws {
        for line in try Self.lines("refused.jsonl") {
            let value = try JSONValue(parsing: Array(line.utf8))
            let text = try #require(value["line"]?.stringValue)
            #expect(throws: NativeEventError.self, "\(value["why"]?.stringValue ?? "")") { try Self.event(text) }
        }
    }

    @Test func whatIsNotKnownIsPassedOver() throws {
        for line in try Self.lines("unknown.jsonl") {
            let value = try JSONValue(parsing: Array(line.utf8))
            let native = try Self.event(try #require(value["line"]?.stringValue))
            #expect(native.sequence == UInt64(try #require(value["seq"]?.intValue)))
            #expect((native.event != nil) == value["known"]?.boolValue)
        }
    }

    /// A text has no tool: what was understood must be what is written again.
    @Test func whatBelongsToToolCallsIsPassedOverElsewhere() throws {
        let line = #"{"type":"text-start","seq":5,"block":1,"choice":1,"call_id":"call_a","name":"f"}"#
        let native = try Self.event(line)
        #expect(native.event == .blockStart(BlockStart(block: 1, kind: .text, choice: 1)))
        #expect(try Self.event(Self.line(native)) == native)
    }

    /// Half a surrogate pair is written as an escape, so that the line stays UTF-8.
    @Test func halfAPairIsEscaped() {
        var out: [UInt8] = []
        let item = LoggedEvent(first: 3, last: 3, body: .delta(block: 0, kind: .text))
        NativeJSON.append(item, [0x61, 0xED, 0xA0, 0xBD].span, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == #"{"type":"text-delta","seq":3,"block":0,"delta":"a\uD83D"}"#)
    }

    @Test func rawResultsStayOnOneLine() throws {
        var out: [UInt8] = []
        let event = GenerationEvent.toolOutput(callID: "c", result: Array("{\n \"a\":\r\n 1.50}".utf8))
        NativeJSON.append(LoggedEvent(first: 1, last: 1, body: .event(event)), [UInt8]().span, to: &out)
        #expect(!out.contains(0x0A) && !out.contains(0x0D))
        #expect(
            try Self.event(String(decoding: out, as: UTF8.self)).event
                == .toolOutput(callID: "c", result: Array(#"{"a":1.50}"#.utf8)))
    }
}
