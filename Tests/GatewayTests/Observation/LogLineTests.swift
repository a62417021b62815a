import FreshetGeneration
import Testing

@testable import FreshetGateway

/// Lines as they are written.
struct LogLineTests {
    private static let id = GenerationID(milliseconds: 1_795_245_783_096, random: (1, 2))

    private static func finished() -> RequestLine {
        var line = RequestLine(time: 1_795_245_783_096)
        line.generation = id
        (line.method, line.path, line.status) = ("POST", "/v1/chat/completions", 200)
        (line.dialect, line.model, line.route, line.owner) = (.openAIChat, "fast", "openai/gpt-5-mini", "alice")
        (line.outcome, line.firstContent, line.duration) = ("finished", 301_498_000, 4_301_133_999)
        (line.events, line.bytes) = (207, 17_221)
        return line
    }

    @Test func aFinishedRequest() {
        let expected = #"""
            {"time":"2026-11-21T07:23:03.096Z","level":"info","event":"request","generation":"\#(Self.id)",\#
            "method":"POST","path":"/v1/chat/completions","status":200,"dialect":"openai-chat","model":"fast",\#
            "route":"openai/gpt-5-mini","owner":"alice","outcome":"finished","first_content_ms":301.498,\#
            "duration_ms":4301.133,"events":207,"bytes":17221}

            """#
        #expect(json(Self.finished()) == expected)
        #expect(
            text(Self.finished())
                == "07:23:03.096Z POST /v1/chat/completions 200 finished openai/gpt-5-mini first 301.498 ms, "
                + "whole 4301.133 ms 207 events 17221 bytes alice \(Self.id)\n")
    }

    @Test func aRefusedConnection() {
        var line = RequestLine(time: 0)
        (line.status, line.outcome, line.limit, line.bytes) = (503, "refused", "connections", 9)
        #expect(
            json(line)
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"request","status":503,"outcome":"refused","#
                + #""duration_ms":0.000,"events":0,"bytes":9,"limit":"connections"}"# + "\n")
    }

    /// What clients choose is escaped, cut, and drives no terminal.
    @Test func strangeNames() {
        var line = RequestLine(time: 0)
        line.model = "\u{1B}[31m\"\n"
        line.route = String(repeating: "é", count: 200)
        #expect(json(line).contains(#""model":"\u001B[31m\"\n""#))
        let shown = String(repeating: "é", count: 128) + "…"
        #expect(json(line).contains(#""route":""# + shown + #"""#))
        line.route = "x\u{9B}31m\u{7}é"
        #expect(text(line).contains(" x?31m?é "))
    }

    @Test func anAttempt() {
        var line = AttemptLine(
            time: 1, generation: Self.id, route: "a/b", url: "http://h/v1", outcome: "failed",
            error: "provider_timeout",
            ended: 5_000_001)
        line.connected = 1000
        let expected = #"""
            {"time":"1970-01-01T00:00:00.001Z","level":"debug","event":"attempt","generation":"\#(Self.id)",\#
            "route":"a/b","url":"http://h/v1","outcome":"failed","error":"provider_timeout","reused":false,\#
            "connected_ms":0.001,"ended_ms":5.000}

            """#
        var out: [UInt8] = []
        line.appendJSON(to: &out)
        #expect(String(decoding: out, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func dates(_ milliseconds: UInt64, _ expected: String) {
        var out: [UInt8] = []
        out.appendTimestamp(milliseconds)
        #expect(String(decoding: out, as: UTF8.self) == expected)
    }

    private func json(_ line: RequestLine) -> String {
        var out: [UInt8] = []
        line.appendJSON(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private func text(_ line: RequestLine) -> String {
        var out: [UInt8] = []
        line.appendText(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
