import Foundation
import FreshetEventStreams
import FreshetTestSupport
import Testing

/// Every recorded event stream, at every chunking of the plan.
struct RecordedStreamTests {
    /// All plans when `FRESHET_LONG` is set; else a sample: every thirteenth cut in two, another thirteenth a stream,
    /// and four random cuts. A debug build takes a minute for all cuts of the short streams alone.
    static func plans(_ count: Int, stream: Int) -> [[Range<Int>]] {
        let isLong = ProcessInfo.processInfo.environment["FRESHET_LONG"] != nil
        let all = Chunking.plans(count: count, random: isLong ? 200 : 4)
        return isLong ? all : all.filter { $0.count != 2 || $0[0].upperBound % 13 == stream % 13 }
    }

    @Test func chunkingNeverChangesWhatIsSeen() {
        let files = Corpus.streams { $0 == "sse" }
        var events = 0
        for (number, (name, input)) in files.enumerated() {
            let whole = decode(input, [0..<input.count])
            events += whole.count { if case .event = $0 { true } else { false } }
            for plan in Self.plans(input.count, stream: number) where decode(input, plan) != whole {
                Issue.record("\(name) differs when cut into \(plan.count)")
            }
        }
        print("recorded event streams: \(files.count), events \(events)")
        #expect(Corpus.root == nil || (files.count == 225 && events > 10_000))
    }

    @Test(arguments: [
        ("anthropic/sdk-tool-use-response.sse", #"{"type":"message_stop"}"#),
        ("openai-compatible/azureaiinference/sk-chat-completion-streaming.sse", "[DONE]"),
        ("openai-compatible/mistral/prism-mistral-stream-basic-text-1.sse", "[DONE]"),
        ("openai-compatible/xai/prism-xai-stream-with-tools-responses-1.sse", "[DONE]"),
    ])
    func theBlockWithoutABlankLineIsThere(_ file: String, _ data: String) throws {
        guard let input = Corpus.bytes("streams/" + file) else { return }
        let seen = decode(input, [0..<input.count])
        guard case .end(unfinished: true, _, let rest?) = seen[seen.count - 2] else {
            Issue.record("\(file) ended whole")
            return
        }
        #expect(String(decoding: rest.filter { $0 != 0x20 }, as: UTF8.self) == data)
    }

    @Test func theLineOutsideTheFormIsSeen() {
        let file = "streams/openai-compatible/openrouter/llm-tools-streaming-variant-c.sse"
        guard let input = Corpus.bytes(file) else { return }
        #expect(decode(input, [0..<input.count]).contains { if case .stray = $0 { true } else { false } })
    }
}
