import FreshetGeneration
import FreshetPartialJSON

/// The words of `finishReason`.
///
/// - SeeAlso: https://ai.google.dev/api/generate-content#FinishReason
enum GeminiFinish {
    /// What a chunk's `finishReason` says.
    ///
    /// - Parameters:
    ///   - raw: The value: a string, or a number where a server writes enumerations so.
    ///   - hasCalls: Whether the candidate called tools of the client: Gemini says STOP then too.
    /// - Returns: Nil for what is no finish.
    static func reason(_ raw: Span<UInt8>, hasCalls: Bool) -> FinishReason? {
        var json = JSONTokenizer()
        let word: String
        switch try? json.next(in: raw) {
        case .string(let token): word = token.string(in: raw)
        case .number(let range):
            guard let number = raw.wholeNumber(at: range), number > 0 else { return nil }
            word = number < numbers.count ? numbers[Int(number)] : String(number)
        default: return nil
        }
        switch word {
        case "FINISH_REASON_UNSPECIFIED": return nil
        case "STOP": return hasCalls ? .toolCalls : .stop
        case "MAX_TOKENS": return .length
        case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK":
            return .contentFilter
        default: return .unrecognized(word)
        }
    }

    /// The enumeration of `google.ai.generativelanguage.v1beta.Candidate.FinishReason`.
    private static let numbers = [
        "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
        "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
    ]

    /// Gemini's word for a reason, and what goes along with a word that is none of Gemini's.
    static func word(of reason: FinishReason) -> (word: String, message: String?) {
        switch reason {
        case .stop, .toolCalls: ("STOP", nil)
        case .length: ("MAX_TOKENS", nil)
        case .contentFilter: ("SAFETY", nil)
        case .unrecognized(let word):
            isOwn(word) ? (word, nil) : ("OTHER", "the provider ended its answer with \(word)")
        }
    }

    /// Gemini writes its words in capitals, and nobody else does.
    private static func isOwn(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x5F }
    }
}
