/// The words that simulated prose is made of.
enum Phrases {
    static let subjects = [
        "the river", "a slow reader", "every token", "the second tab", "an open socket", "the spring melt",
        "one quiet node", "the whole valley", "a late joiner", "the old bridge", "a single drop", "this café",
        "the first answer", "a long silence", "the naïve client", "your cursor", "the watermark", "each small event",
    ]
    static let verbs = [
        "carries", "remembers", "waits for", "outruns", "follows", "keeps", "returns to", "measures", "gives way to",
        "never loses", "repeats", "crosses", "answers", "holds back", "overtakes", "finds",
    ]
    static let objects = [
        "its own place", "the next word", "what was said before", "a broken line", "the far bank", "everything at once",
        "the beginning of the story", "ten thousand readers", "a half-finished sentence", "the same sea",
        "one event after another", "the shape of the answer", "nothing but time", "the last known position",
    ]
    static let endings = [
        "without a pause", "in the dark", "long before noon", "and nobody notices", "as if nothing had happened",
        "one step at a time", "whatever the weather", "until the very end", "on both sides of the hill",
        "even when the line drops", "", "",
    ]
    static let titles = [
        "What the river knows", "Notes on a quiet stream", "Three ways across", "Before the flood",
        "The reader and the log", "Where the water goes", "A short answer", "How to keep a place",
    ]
    static let items = [
        "patience", "a clear source", "two good banks", "enough room below", "a name for every stone", "spare rope",
        "cold mornings", "a map, drawn by hand", "someone who listens", "time to spare",
    ]
    static let ideographs = [
        "河流不会丢失自己的位置。", "春天的雪水慢慢流向大海。", "雪解け水は静かに谷を下る。", "途中で切れても、続きから読めます。",
        "강물은 제자리를 잃지 않는다.", "一字一句,依次到达。",
    ]
    /// The last two are one picture of several scalars each.
    static let emoji = ["🌊", "🚣", "🏞️", "✨", "🐟", "👩‍💻", "🏳️‍🌈"]
    static let formulas = [
        "$$\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$$", "$$v = \\frac{1}{n} R^{2/3} S^{1/2}$$", "$$Q = A \\cdot v$$",
    ]
    static let thoughts = [
        "The user asks about", "First I should look at", "That depends on", "A simple example would help with",
        "Let me check", "It may be better to begin with", "I must not forget",
    ]
}
