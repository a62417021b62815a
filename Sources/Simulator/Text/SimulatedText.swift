/// A text that comes token by token; only the block being read is in memory.
struct SimulatedText: Equatable, Sendable {
    /// UTF-8 of the tokens being lent.
    private(set) var block: [UInt8] = []
    private var ends: [Int] = []
    private var index = 0
    private var remaining: Int
    private var source: MarkdownBlocks?
    private var gap = ""  // between the last block and the next
    private var isEnding = false  // no whole block fits any more

    /// Exactly `tokens` tokens of Markdown.
    init(_ style: MarkdownBlocks.Style, seed: UInt64, tokens: Int) {
        source = MarkdownBlocks(style: style, seed: seed)
        remaining = tokens
    }

    /// A given text, as many tokens as it takes.
    init(fixed text: String) {
        block = Array(text.utf8)
        ends = TokenCuts.ends(in: text)
        remaining = ends.count
    }

    /// The next token's bytes as a range of `block`, good until the next call; `nil` at the end.
    mutating func next() -> Range<Int>? {
        guard remaining > 0 else { return nil }
        if index == ends.count { refill() }
        let start = index == 0 ? 0 : ends[index - 1]
        defer { index += 1 }
        remaining -= 1
        return start..<ends[index]
    }

    /// Whether nothing follows.
    var isOver: Bool { remaining == 0 }

    private mutating func refill() {
        guard var blocks = source else { return }
        defer { source = blocks }
        index = 0
        if !isEnding, lend(gap + blocks.next()) {
            gap = "\n\n"
        } else if lend(gap + blocks.sentence()) {
            (gap, isEnding) = (" ", true)
        } else {
            fill(exactly: remaining, from: &blocks)
        }
    }

    /// - Returns: Whether there was room for all of it.
    private mutating func lend(_ text: String) -> Bool {
        ends = TokenCuts.ends(in: text)
        guard ends.count <= remaining else { return false }
        block = Array(text.utf8)
        return true
    }

    /// A sentence of a given number of tokens, so that the text ends where it should, and not inside of a block.
    private mutating func fill(exactly count: Int, from blocks: inout MarkdownBlocks) {
        block = []
        ends = []
        for place in 0..<count {
            let word = blocks.word()
            let start = place == 0 ? gap + word.prefix(1).uppercased() + word.dropFirst() : " " + word
            block += (place == count - 1 ? start + "." : start).utf8
            ends.append(block.count)
        }
    }
}
