import FreshetDialects

/// The events of a provider's stream, as they stand in its body.
struct Frames {
    /// What comes before the first token.
    let first: [String]
    /// What comes behind the last one.
    let last: [String]
    private let before: String
    private let behind: String

    init(_ dialect: ProviderDialect) {
        switch dialect {
        case .openAIChat: self = Self.chat
        case .anthropic: self = Self.anthropic
        case .gemini: self = Self.gemini
        }
    }

    private init(first: [String], before: String, behind: String, last: [String]) {
        (self.first, self.before, self.behind, self.last) = (first, before, behind, last)
    }

    /// One token; no character of it needs an escape.
    func token(_ text: String) -> String { before + text + behind }

    private static var chat: Frames {
        let head =
            #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1763650000,"model":"gpt-5-mini","#
            + #""system_fingerprint":"fp_1","choices":[{"index":0,"delta":"#
        let tail = #","logprobs":null,"finish_reason":null}]}"# + "\n\n"
        let finish = #","logprobs":null,"finish_reason":"stop"}]}"# + "\n\n"
        return Frames(
            first: [head + #"{"role":"assistant","content":""}"# + tail],
            before: head + #"{"content":""#, behind: #""}"# + tail, last: [head + "{}" + finish, "data: [DONE]\n\n"])
    }

    private static var anthropic: Frames {
        func event(_ name: String, _ members: String) -> String {
            "event: \(name)\ndata: {\"type\":\"\(name)\"\(members)}\n\n"
        }
        let start =
            #","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"#
            + #""stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}"#
        let delta = event(
            "content_block_delta", #","index":0,"delta":{"type":"text_delta","text":"\#u{0}"}"#)
        let halves = delta.split(separator: "\u{0}")
        return Frames(
            first: [
                event("message_start", start),
                event("content_block_start", #","index":0,"content_block":{"type":"text","text":""}"#),
            ],
            before: String(halves[0]), behind: String(halves[1]),
            last: [
                event("content_block_stop", #","index":0"#),
                event(
                    "message_delta",
                    #","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":8}"#),
                event("message_stop", ""),
            ])
    }

    private static var gemini: Frames {
        let head = #"data: {"candidates":[{"content":{"parts":[{"text":""#
        func tail(_ finish: String) -> String {
            #""}],"role":"model"}\#(finish),"index":0}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"#
                + #""modelVersion":"gemini","responseId":"r1"}"# + "\r\n\r\n"
        }
        return Frames(
            first: [], before: head, behind: tail(""), last: [head + tail(#","finishReason":"STOP""#)])
    }
}
