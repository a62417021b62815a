import FreshetDialects
import FreshetGeneration
import Testing

/// A frame that repeats the one before but for its text is not taken apart. Nobody must be able to tell: a frame that
/// cannot be decoded makes the decoder forget what would repeat, so with one before each frame all are taken apart.
struct ChatRepetitionTests {
    private func expectNoDifference(_ frames: [String], _ name: String) {
        let apart = DecodedAnswer(frames: frames.flatMap { ["{", $0] })
        let quick = DecodedAnswer(frames: frames)
        if quick.events != apart.events { Issue.record("\(name): other events") }
        #expect(quick.isFinished == apart.isFinished && quick.isDone == apart.isDone, "\(name)")
        #expect(quick.failure == apart.failure, "\(name)")
        #expect(quick.errors.count == apart.errors.count - apart.frames.count { $0 == [0x7B] }, "\(name)")
    }

    @Test(arguments: Recording.all("openai-chat") + Recording.all("openai-compatible"))
    func recorded(_ recording: Recording) throws {
        let frames = try DecodedAnswer(body: recording.body).frames
        expectNoDifference(frames.map { String(decoding: $0, as: UTF8.self) }, recording.name)
    }

    private static let head = #"{"id":"c","model":"m","choices":[{"index":0,"delta":{"#
    private static let tail = #"},"finish_reason":null}]}"#
    private static func frame(_ delta: String) -> String { head + delta + tail }
    private static let first = frame(#""role":"assistant","content":"a""#)
    private static let plain = frame(#""content":"a""#)

    /// What may come behind a frame that would repeat.
    static let followers: [(name: String, frame: String)] = [
        ("the same", plain),
        ("a longer text", frame(#""content":"abc def 日本""#)),
        ("an escaped quote at the end", frame(#""content":"say \"""#)),
        ("an escaped backslash at the end", frame(#""content":"c:\\""#)),
        ("the frame's own end as text", frame(#""content":"\"},\"finish_reason\":null}]}""#)),
        ("a surrogate", frame(#""content":"\ud83d""#)),
        ("no text", frame(#""content":"""#)),
        ("null", frame(#""content":null"#)),
        ("the text twice", frame(#""content":"a","content":"b""#)),
        ("a member behind the text", frame(#""content":"a","x":1"#)),
        ("a role", first),
        ("another kind", frame(#""reasoning_content":"a""#)),
        ("another choice", plain.replacing("\"index\":0", with: "\"index\":1")),
        ("another id", plain.replacing("\"c\"", with: "\"d\"")),
        ("the finish", plain.replacing("null}]", with: "\"stop\"}]")),
        ("a call", frame(#""tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]"#)),
        ("an error", #"{"error":{"message":"no"}}"#),
        ("the text cut", String(plain.dropLast(tail.utf8.count + 1))),
        ("a control character", frame("\"content\":\"a\u{1}\"")),
        ("bytes behind the end", plain + "x"),
        ("a blank behind the end", plain + " "),
        ("[DONE]", "[DONE]"),
    ]

    @Test(arguments: followers.indices)
    func behindARepetition(_ place: Int) {
        let (name, follower) = Self.followers[place]
        let finish = Self.plain.replacing("null}]", with: "\"stop\"}]")
        expectNoDifference([Self.first, Self.plain, Self.plain, follower, Self.plain, Self.plain, finish], name)
        expectNoDifference([Self.first, follower, follower, Self.plain, follower, finish], name)
        expectNoDifference([follower, follower, follower, Self.plain], name)
    }

    @Test func argumentsOfACallRepeatToo() {
        let call = Self.frame(
            #""tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]"#)
        let piece = { (text: String) in Self.frame(#""tool_calls":[{"index":0,"function":{"arguments":"\#(text)"}}]"#) }
        let again = Self.frame(#""tool_calls":[{"index":0,"id":"t","function":{"arguments":"2"}}]"#)
        let other = Self.frame(#""tool_calls":[{"index":1,"id":"u","function":{"name":"g","arguments":"{}"}}]"#)
        expectNoDifference(
            [call, piece("["), piece("1,"), again, again, piece("3]"), other, piece("late"), piece("r")], "calls")
    }
}
