/// Ids of tool calls as a provider takes them: the client's own where they will do, else made from them, so that the same
/// request always has the same ids. A client may use an id again once it is answered; providers may not be told so.
struct CallIDs {
    /// What a provider takes.
    enum Rule {
        /// `^[a-zA-Z0-9_-]+$`.
        case anthropic
        /// Up to 40 characters.
        case openAIChat
        /// Anything.
        case gemini
        /// Nothing is changed, used again or not: later turns name them as they were.
        case transcript
    }

    private let rule: Rule
    /// Of calls that are not answered yet, by the client's id, the oldest first.
    private var open: [String: (ids: [String], head: Int)] = [:]
    private var taken: Set<String> = []
    /// How often an id that begins like this was wanted again.
    private var wishes: [String: Int] = [:]

    init(_ rule: Rule) { self.rule = rule }

    /// The id of a call.
    mutating func begin(_ id: String) -> String {
        if rule == .transcript { return id }
        let wanted = isValid(id) ? id : made(from: id)
        var unique = wanted
        if !taken.insert(unique).inserted {
            let stem = String(wanted.prefix(24))
            repeat {
                wishes[stem, default: 0] += 1
                unique = "\(stem)_\(wishes[stem, default: 0])"
            } while !taken.insert(unique).inserted
        }
        open[id, default: ([], 0)].ids.append(unique)
        return unique
    }

    /// The id of the call that a result answers.
    mutating func answer(_ id: String) -> String {
        if rule == .transcript { return id }
        guard let calls = open[id], calls.head < calls.ids.count else { return isValid(id) ? id : made(from: id) }
        open[id]?.head += 1
        return calls.ids[calls.head]
    }

    private func isValid(_ id: String) -> Bool {
        switch rule {
        case .anthropic: !id.isEmpty && id.utf8.allSatisfy(Self.isPlain)
        case .openAIChat: !id.isEmpty && id.utf8.count <= 40
        case .gemini, .transcript: !id.isEmpty
        }
    }

    /// What can stay of it, and a sum of all of it.
    private func made(from id: String) -> String {
        let plain = id.utf8.prefix(20).map { Self.isPlain($0) ? $0 : UInt8(ascii: "_") }
        // FNV-1a, 64 bits.
        let sum = id.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(decoding: plain, as: UTF8.self) + "_" + String(sum, radix: 16)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
