import FreshetDialects
import FreshetGeneration
import Testing

/// An event that repeats the one before but for its text and padding is not taken apart. Nobody must be able to tell: a
/// frame that cannot be decoded makes the decoder forget what would repeat.
struct AnthropicRepetitionTests {
    private typealias Frames = AnthropicDecoderTests

    private func expectNoDifference(_ frames: [String], _ name: String) {
        let apart = DecodedAnswer(frames: frames.flatMap { ["{", $0] }, in: .anthropic)
        let quick = DecodedAnswer(frames: frames, in: .anthropic)
        if quick.events != apart.events { Issue.record("\(name): other events") }
        #expect(quick.isFinished == apart.isFinished && quick.isDone == apart.isDone, "\(name)")
        #expect(quick.failure == apart.failure, "\(name)")
        #expect(quick.errors.count == apart.errors.count - apart.frames.count { $0 == [0x7B] }, "\(name)")
    }

    @Test(arguments: RecordedAnthropicTests.recordings)
    func recorded(_ recording: Recording) throws {
        let frames = try RecordedAnthropicTests.decoded(recording).frames
        expectNoDifference(frames.map { String(decoding: $0, as: UTF8.self) }, recording.name)
    }

    private static let plain = Frames.text(0, "a")

    /// What may come behind an event that would repeat.
    static let followers: [(name: String, frame: String)] = [
        ("the same", plain), ("padding", plain.dropLast() + "     }"),
        ("a tab for padding", plain.dropLast() + "\t}"), ("padding behind the end", plain + "  "),
        ("padding that hides a member", plain.dropLast() + "  ,\"x\":1}"),
        ("a longer text", Frames.text(0, "abc def 日本")), ("an escaped quote at the end", Frames.text(0, "say \\\"")),
        ("an escaped backslash at the end", Frames.text(0, "c:\\\\")),
        ("the event's own end as text", Frames.text(0, "\\\"}}")), ("a surrogate", Frames.text(0, "\\ud83d")),
        ("no text", Frames.text(0, "")),
        ("the text twice", Frames.delta(0, #""type":"text_delta","text":"a","text":"b""#)),
        ("a member behind the text", Frames.delta(0, #""type":"text_delta","text":"a","x":1"#)),
        ("a member of the event", plain.dropLast() + #","usage":{}}"#), ("another block", Frames.text(1, "a")),
        ("another delta", Frames.delta(0, #""type":"thinking_delta","thinking":"a""#)), ("the end", Frames.end(0)),
        ("the finish", Frames.finish("end_turn")), ("an error", #"{"type":"error","error":{"message":"no"}}"#),
        ("the event cut", String(plain.dropLast(3))), ("the last brace cut", String(plain.dropLast())),
        ("a control character", Frames.text(0, "a\u{1}")), ("bytes behind the end", plain + "x"), ("[DONE]", "[DONE]"),
    ]

    @Test(arguments: followers.indices)
    func behindARepetition(_ place: Int) {
        let (name, follower) = Self.followers[place]
        let start = [Frames.start(), Frames.block(0, Frames.plain)]
        let end = [Frames.end(0), Frames.finish("end_turn"), Frames.stop]
        expectNoDifference(start + [Self.plain, Self.plain, follower, Self.plain, Self.plain] + end, name)
        expectNoDifference(start + [follower, follower, Self.plain, follower] + end, name)
        expectNoDifference([follower, follower, follower, Self.plain], name)
    }
}
